"""Pending steps: the outbox entries of a ticket, which are leased, retried or dead."""

from datetime import datetime, timedelta
from typing import Self

from pydantic import AliasChoices, Field

from models.infra.stored_model import OpenEnum, StoredModel

LEASE_DURATION = timedelta(seconds=30)


class Step(OpenEnum):
    """A kind of work that a worker does for a ticket; the value names the worker's function.

    A step of a newer release stays with the ticket, and a worker of that release runs it.
    """

    TRIAGE = "triage_ticket"
    ASSIGN = "assign_ticket"
    DM_REQUESTER = "dm_requester"
    DM_ASSIGNEE = "dm_assignee"
    EMAIL_ASSIGNEE = "email_assignee"
    ASK_REQUESTER = "ask_requester"
    DM_WATCHERS = "dm_watchers"
    REFRESH_CARDS = "refresh_cards"
    ALERT_ADMINS = "tell_admins"
    DELIVER_WEBHOOKS = "deliver_webhooks"
    LEARN = "learn_from_ticket"
    RETRIAGE = "triage_again"
    ANSWER_INCIDENT = "answer_all"
    ARCHIVE_EVENTS = "archive_events"


STEP_LABELS = {
    Step.TRIAGE: "the triage",
    Step.ASSIGN: "the assignment",
    Step.DM_REQUESTER: "the direct message to the requester",
    Step.DM_ASSIGNEE: "the direct message to the moderator",
    Step.EMAIL_ASSIGNEE: "the e-mail to the moderator",
    Step.ASK_REQUESTER: "the message that the ticket is resolved",
    Step.DM_WATCHERS: "the direct messages to the watchers",
    Step.REFRESH_CARDS: "the update of the cards",
    Step.ALERT_ADMINS: "the alert to the admins",
    Step.DELIVER_WEBHOOKS: "the calls to the webhooks",
    Step.LEARN: "the new training example",
    Step.RETRIAGE: "the second triage by Gemini",
    Step.ANSWER_INCIDENT: "the answer to all reports of the incident",
    Step.ARCHIVE_EVENTS: "the move of old events to the event log",
}
# No person waits for these after a click, so steps that follow a click run first.
BACKGROUND_STEPS = frozenset({Step.TRIAGE, Step.RETRIAGE, Step.LEARN, Step.ARCHIVE_EVENTS})


def step_label(step: Step) -> str:
    """The step in words; a step of a newer release only has its name."""
    return STEP_LABELS.get(step, step.value)


class PendingStep(StoredModel):
    """A step that a worker still has to do for a ticket.

    Attributes:
        requested_rev: the ticket's `rev` at the last request; a new value is a new request.
        due: when a worker may lease the step next. A lease moves it into the future. None: dead.
        lease: the fencing token of the lease, unique in the life of the ticket.
        is_leased: whether a worker has leased the step.
        tries: the number of leases, except those that ended before any work was done.
        attempts: the number of failed attempts.
        error: the error of the last failed attempt.
        dead_since: when the step became dead.
    """

    step: Step
    requested_rev: int = Field(
        validation_alias=AliasChoices("requested_rev", "asked"), serialization_alias="asked"
    )
    due: datetime | None
    lease: int
    is_leased: bool = Field(
        default=False,
        validation_alias=AliasChoices("is_leased", "held"),
        serialization_alias="held",
    )
    tries: int = 0
    attempts: int = 0
    error: str = ""
    dead_since: datetime | None = None

    def with_lease(self, *, until: datetime, lease_token: int) -> Self:
        """The step, leased until this time."""
        return self.model_copy(
            update={"due": until, "is_leased": True, "lease": lease_token, "tries": self.tries + 1}
        )

    def reset(self, *, due: datetime) -> Self:
        """The step as it was before its first attempt, due at this time."""
        fresh = {"due": due, "is_leased": False, "attempts": 0, "error": "", "dead_since": None}
        return self.model_copy(update=fresh)


def request_step(
    pending: tuple[PendingStep, ...], step: Step, *, due: datetime, rev: int
) -> tuple[PendingStep, ...]:
    """The pending steps with one more request for this step.

    A step that is running keeps its lease; its worker sees the new `requested_rev` at the end and
    leaves the step due. The ticket's `rev` is the lease token: every write raises it, so no token
    is used twice.
    """
    entry = next((entry for entry in pending if entry.step is step), None)
    if entry is None:
        return (*pending, PendingStep(step=step, requested_rev=rev, due=due, lease=rev))
    is_running = entry.is_leased and entry.due is not None and entry.due > due
    base = entry if is_running else entry.reset(due=due)
    requested = base.model_copy(update={"requested_rev": rev})
    return tuple(requested if other is entry else other for other in pending)
