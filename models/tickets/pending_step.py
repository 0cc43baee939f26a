"""A step that is still to be done for a ticket: asked for, leased, put off, given up."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

LEASE_DURATION = timedelta(seconds=30)


class Step(StrEnum):
    """Something the desk still has to do for a ticket; the value is the worker function's name."""

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


# Nobody waits for these with a finger on a button.
BACKGROUND_STEPS = frozenset({Step.TRIAGE, Step.RETRIAGE, Step.LEARN})


class PendingStep(BaseModel):
    """A step that is still to be done.

    Attributes:
        due: when it may be taken next; a lease is a due time in the future. None: dead.
        held: whether somebody has it on lease.
        asked: the ticket's `rev` when it was last asked for; another one asks for it again.
        lease: the fencing token of its holder; never used twice in the life of the ticket.
        tries: how many times it has been leased, without those that ended before anything was done.
        attempts: how many attempts have failed.
        error: why the last one failed.
        dead_since: when it was given up.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, serialize_by_alias=True)

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
        """The step on lease."""
        return self.model_copy(
            update={"due": until, "is_leased": True, "lease": lease_token, "tries": self.tries + 1}
        )

    def reset(self, *, due: datetime) -> Self:
        """The step as if it had never failed."""
        fresh = {"due": due, "is_leased": False, "attempts": 0, "error": "", "dead_since": None}
        return self.model_copy(update=fresh)


def request_step(
    pending: tuple[PendingStep, ...], step: Step, *, due: datetime, rev: int
) -> tuple[PendingStep, ...]:
    """The pending steps with this one asked for.

    A step that is being done right now keeps its lease: its holder will see that it was asked for
    again. Leases are numbered by the ticket's `rev`, which every write, each lease among them,
    raises.
    """
    entry = next((entry for entry in pending if entry.step is step), None)
    if entry is None:
        return (*pending, PendingStep(step=step, requested_rev=rev, due=due, lease=rev))
    running = entry.is_leased and entry.due is not None and entry.due > due
    fresh = (entry if running else entry.reset(due=due)).model_copy(update={"requested_rev": rev})
    return tuple(fresh if other is entry else other for other in pending)
