"""A ticket: what was asked, where it stands, what is still to be done, and all that happened.

A ticket is immutable here. `moved` gives the ticket as it is after a move, with the event in its
history and the steps that follow in `pending`; the `step_…` methods give it after a step was
leased, done, put off or given up. Saving is the store's business, legality that of `flow`.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from models.errors import Conflict
from models.tickets.pending_step import LEASE_DURATION, PendingStep, Step, request_step
from models.triage.result import MIN_CONFIDENCE, Triage
from models.triage.similarity import SolvedTicket


class Status(StrEnum):
    """Where a ticket stands."""

    NEW = "new"
    TRIAGED = "triaged"
    OFFERED = "offered"
    CLAIMED = "claimed"
    RESOLVED = "resolved"


ASSIGNED_STATUSES = (Status.OFFERED, Status.CLAIMED)


class Urgency(StrEnum):
    """How urgent it is for the requester, in their own judgement."""

    CAN_WAIT = "can_wait"
    SLOWED = "slowed"
    BLOCKED = "blocked"
    MANY_BLOCKED = "many_blocked"


class _FrozenModel(BaseModel):
    # What can't be read must not be quoted: it is what people wrote.
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True, serialize_by_alias=True)


class Event(_FrozenModel):
    """One line of a ticket's history.

    Attributes:
        who: Slack id of the person, or "" for the desk itself.
    """

    at: datetime
    what: str
    who: str = ""
    why: str = ""


class CardKind(StrEnum):
    """What a message about a ticket is for."""

    REQUESTER = "requester"
    MODERATOR = "moderator"
    RESOLVED = "resolved"
    WATCHER = "watcher"


class Card(_FrozenModel):
    """A message about the ticket that stands in somebody's DM and follows the ticket.

    Attributes:
        notice: the deterministic id of what the person was told by it.
        version: the ticket's version it shows.
        digest: of what it shows, where that is known; what looks the same is not drawn anew.
    """

    notice: str
    kind: CardKind
    to: str
    channel: str
    ts: str
    version: int
    digest: str = ""


class IncidentReport(_FrozenModel):
    """One more ticket about what another one says, and who asked for it."""

    ticket_id: str
    by: str


class Draft(_FrozenModel):
    """A ticket as its requester wrote it.

    Attributes:
        key: natural key of the submission (the view's id): one key, one ticket.
    """

    key: str
    team_id: str
    requester: str
    title: str
    description: str = ""
    urgency: Urgency | None = None
    confidential: bool = False


class Ticket(_FrozenModel):
    """One ticket.

    Attributes:
        id: "T-42", unique in the deployment.
        rev: counts every write; the guard of the next one.
        version: counts the moves; what cards and buttons show.
        offers: how many times it has been offered.
        offered_to: whom it was offered to last, whoever has it now.
        watchers: who wants to see how it goes on, besides those whose ticket it is.
        tried: who declined or released it since it was last open.
        reason: why the assignee was chosen.
        said: what the engine had said, where a person has corrected or confirmed it.
        similar: solved tickets like it, as they were when it was triaged.
        incident: the first of the tickets of several people about the same, if it is one.
        reports: the others, where it is the first.
        solution: how it was solved, where who resolved it said so.
    """

    id: str
    team_id: str
    key: str
    requester: str
    title: str
    description: str
    urgency: Urgency | None
    confidential: bool
    status: Status = Status.NEW
    rev: int = 0
    version: int = 0
    triage: Triage | None = None
    original_triage: Triage | None = Field(
        default=None,
        validation_alias=AliasChoices("original_triage", "said"),
        serialization_alias="said",
    )
    similar: tuple[SolvedTicket, ...] = ()
    incident: str = ""
    reports: tuple[IncidentReport, ...] = ()
    assignee: str | None = None
    reason: str = ""
    offers: int = 0
    offered_to: str | None = None
    watchers: tuple[str, ...] = ()
    declined_by: tuple[str, ...] = Field(
        default=(),
        validation_alias=AliasChoices("declined_by", "tried"),
        serialization_alias="tried",
    )
    resolver: str | None = None
    solution: str = ""
    opened_at: datetime
    history: tuple[Event, ...] = ()
    pending: tuple[PendingStep, ...] = ()
    cards: tuple[Card, ...] = ()

    @property
    def text(self) -> str:
        """All that the requester wrote."""
        return f"{self.title}\n{self.description}".strip()

    @property
    def has_uncertain_category(self) -> bool:
        """Whether the engine was not sure of the category, and nobody has judged it since."""
        triage = self.triage if self.original_triage is None else None
        return triage is not None and triage.confidence < MIN_CONFIDENCE

    def with_skills(self, skills: tuple[str, ...]) -> Self:
        """The ticket, once triaged, with these skills in place of those that triage named."""
        if self.triage is None:
            return self
        return self.model_copy(update={"triage": self.triage.model_copy(update={"skills": skills})})

    def matches(self, draft: Draft) -> bool:
        """Whether it is what the draft says."""
        return all(getattr(self, name) == value for name, value in draft)

    def with_transition(
        self, event: Event, *, status: Status, next_steps: Iterable[Step], **changes: Any
    ) -> Self:
        """The ticket after a move: new status, one more event, the steps that follow pending."""
        pending = self.pending
        for step in next_steps:
            pending = request_step(pending, step, due=event.at, rev=self.rev)
        return self.model_copy(
            update={
                **changes,
                "status": status,
                "version": self.version + 1,
                "history": (*self.history, event),
                "pending": pending,
            }
        )

    def find_step(self, step: Step) -> PendingStep | None:
        """The pending step of that kind, if there is one."""
        return next((entry for entry in self.pending if entry.step is step), None)

    def due_at(self) -> datetime | None:
        """When the next step is due; None when nothing is to be done."""
        return min((entry.due for entry in self.pending if entry.due), default=None)

    def dead_since(self) -> datetime | None:
        """Since when a step of it is dead; None when none is."""
        return min((e.dead_since for e in self.pending if e.dead_since), default=None)

    def with_step_leased(self, step: Step, *, now: datetime) -> Self:
        """The ticket with the step leased to the caller; raises OutOfTurn when it is not due."""
        entry = self.find_step(step)
        if entry is None or entry.due is None or entry.due > now:
            raise Conflict(f"{self.id}: {step} is not due")
        return self._with_pending_step(
            entry.with_lease(until=now + LEASE_DURATION, lease_token=self.rev)
        )

    def with_step_completed(self, leased_step: PendingStep, *, now: datetime) -> Self:
        """The ticket without the step; raises OutOfTurn when another holder has leased it since.

        A step that was asked for again while it ran stays, due at once.
        """
        entry = self._get_leased_step(leased_step)
        if entry.requested_rev != leased_step.requested_rev:
            return self._with_pending_step(entry.reset(due=now))
        rest = tuple(other for other in self.pending if other.step is not leased_step.step)
        return self.model_copy(update={"pending": rest})

    def with_step_rescheduled(
        self,
        leased_step: PendingStep,
        *,
        now: datetime,
        due: datetime,
        error: str,
        failed_attempts: int,
        run_count: int,
    ) -> Self:
        """The ticket with the step due later; raises OutOfTurn as `step_done` does.

        One that was asked for again while it ran has not failed yet: it is due at once.
        """
        entry = self._get_leased_step(leased_step)
        if entry.requested_rev != leased_step.requested_rev:
            return self._with_pending_step(entry.reset(due=now))
        later = {
            "due": due,
            "is_leased": False,
            "error": error,
            "attempts": failed_attempts,
            "tries": run_count,
        }
        return self._with_pending_step(entry.model_copy(update=later))

    def with_step_dead(
        self, leased_step: PendingStep, *, now: datetime, error: str, failed_attempts: int
    ) -> Self:
        """The ticket with the step dead, and admins to be told; raises OutOfTurn likewise."""
        entry = self._get_leased_step(leased_step)
        if entry.requested_rev != leased_step.requested_rev:
            return self._with_pending_step(entry.reset(due=now))
        dead = {
            "due": None,
            "is_leased": False,
            "dead_since": now,
            "error": error,
            "attempts": failed_attempts,
        }
        given_up = self._with_pending_step(entry.model_copy(update=dead))
        # Nobody can be told that nobody can be told; it is in the logs, and on the health page.
        if leased_step.step is Step.ALERT_ADMINS:
            return given_up
        return given_up.with_step(Step.ALERT_ADMINS, due=now)

    def with_step_replayed(self, step: Step, *, now: datetime) -> Self:
        """The ticket with a dead step due again; raises OutOfTurn when it is not dead."""
        entry = self.find_step(step)
        if entry is None or entry.dead_since is None:
            raise Conflict(f"{self.id}: {step} is not dead")
        return self._with_pending_step(entry.reset(due=now))

    def with_step(self, step: Step, *, due: datetime) -> Self:
        """The ticket with one more step to be done."""
        pending = request_step(self.pending, step, due=due, rev=self.rev)
        return self.model_copy(update={"pending": pending})

    def with_card(self, card: Card, *, now: datetime) -> Self:
        """The ticket that remembers the message, in place of an older state of the same one.

        A message that was overtaken while it was being sent is drawn again.
        """
        others = tuple(other for other in self.cards if other.notice != card.notice)
        remembering = self.model_copy(update={"cards": (*others, card)})
        if card.version < self.version:
            return remembering.with_step(Step.REFRESH_CARDS, due=now)
        return remembering

    def without_card(self, notice: str) -> Self:
        """The ticket that has forgotten a message which is gone."""
        left = tuple(card for card in self.cards if card.notice != notice)
        return self.model_copy(update={"cards": left})

    def with_stale_cards(self) -> Self:
        """The ticket whose messages all show something older; their buttons stay good."""
        stale = tuple(card.model_copy(update={"version": 0}) for card in self.cards)
        return self.model_copy(update={"cards": stale})

    def _get_leased_step(self, leased_step: PendingStep) -> PendingStep:
        entry = self.find_step(leased_step.step)
        if entry is None or entry.lease != leased_step.lease:
            raise Conflict(f"{self.id}: {leased_step.step} is in other hands")
        return entry

    def _with_pending_step(self, pending_step: PendingStep) -> Self:
        pending = tuple(
            pending_step if entry.step is pending_step.step else entry for entry in self.pending
        )
        return self.model_copy(update={"pending": pending})


TicketUpdate = Callable[[Ticket, datetime], Ticket]
"""What a ticket becomes, given the database's time; raises OutOfTurn when it is too late."""
