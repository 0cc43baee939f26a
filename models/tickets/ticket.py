"""A ticket: its text, status, triage, assignee, pending steps, cards and history.

Tickets are immutable. `with_transition` returns the ticket after a move: its history has the new
event, and `pending` has the next steps. The `with_step_…` methods return it after a step is
leased, completed, rescheduled or dead. `models.tickets.workflow` decides which moves are legal, and
`models.ticket_store.store` stores the result.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from models.errors import Conflict
from models.infra.stored_model import OpenEnum, StoredModel
from models.tickets.pending_step import LEASE_DURATION, PendingStep, Step, request_step
from models.triage.result import MIN_CONFIDENCE, Triage
from models.triage.similarity import SolvedTicket


class Status(StrEnum):
    """The status of a ticket."""

    NEW = "new"
    TRIAGED = "triaged"
    OFFERED = "offered"
    CLAIMED = "claimed"
    RESOLVED = "resolved"


# Older events are moved to the event log.
MAX_EVENTS_IN_TICKET = 20
ASSIGNED_STATUSES = (Status.OFFERED, Status.CLAIMED)
# Older ones are forgotten; their messages have no buttons.
MAX_FORMER_CARDS = 20


class Urgency(StrEnum):
    """How urgent the ticket is, in the requester's own judgement."""

    CAN_WAIT = "can_wait"
    SLOWED = "slowed"
    BLOCKED = "blocked"
    MANY_BLOCKED = "many_blocked"


class Event(StoredModel):
    """One event in a ticket's history.

    Attributes:
        what: the name of the event in `models.tickets.actions`.
        who: the Slack id of the person, or "" for Frontdesk itself.
        why: the reason, where there is one.
    """

    at: datetime
    what: str
    who: str = ""
    why: str = ""


class CardKind(OpenEnum):
    """The purpose of a card."""

    REQUESTER = "requester"
    MODERATOR = "moderator"
    RESOLVED = "resolved"
    WATCHER = "watcher"


class Card(StoredModel):
    """A message about the ticket in somebody's DM, updated when the ticket changes.

    Attributes:
        notice: the deterministic id of the notice that the card delivers.
        version: the ticket version that the card shows.
        digest: a hash of its content, or ""; a card with the same digest is not sent again.
    """

    notice: str
    kind: CardKind
    to: str
    channel: str
    ts: str
    version: int
    digest: str = ""

    def with_unknown_content(self) -> Self:
        """The card, to be drawn again whatever Slack shows there."""
        return self.model_copy(update={"version": 0, "digest": ""})


class IncidentReport(StoredModel):
    """Another ticket of the same incident, and its requester."""

    ticket_id: str
    by: str


class Draft(BaseModel):
    """A ticket as its requester wrote it.

    Attributes:
        key: the natural key of the submission (the view's id); one key makes one ticket.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    key: str
    team_id: str
    requester: str
    title: str
    description: str = ""
    urgency: Urgency | None = None
    confidential: bool = False


class Ticket(StoredModel):
    """One ticket.

    Attributes:
        id: "T-42", unique in the deployment.
        rev: the number of writes; guards the next write.
        state_version: the number of moves; cards and buttons carry it.
        original_triage: the engine's triage, once a person has corrected or confirmed it.
        similar: similar solved tickets at the time of triage.
        incident: the id of the incident's first ticket, or "".
        reports: the other tickets of the incident, on its first ticket only.
        reason: why the assignee was chosen.
        offers: the number of offers.
        offered_to: the last person who got an offer, even if someone else has the ticket now.
        watchers: people who follow the ticket, besides its requester and assignee.
        declined_by: people who declined or released it since it was last open.
        solution: the resolver's note on how the problem was solved, or "".
        resolve_count: how often it was resolved.
        history: the newest events.
        archived_event_count: the number of older events, which are in the event log alone.
        delivered_event_count: the number of the last event that all webhooks have got or refused.
        cards: the cards that follow the ticket.
        former_cards: the newest cards that are gone from Slack or show their last state.
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
    state_version: int = Field(
        default=0,
        validation_alias=AliasChoices("state_version", "version"),
        serialization_alias="version",
    )
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
    resolve_count: int = 0
    opened_at: datetime
    history: tuple[Event, ...] = ()
    archived_event_count: int = 0
    delivered_event_count: int = 0
    pending: tuple[PendingStep, ...] = ()
    cards: tuple[Card, ...] = ()
    former_cards: tuple[Card, ...] = ()

    @property
    def text(self) -> str:
        """The title and the description."""
        return f"{self.title}\n{self.description}".strip()

    @property
    def has_uncertain_category(self) -> bool:
        """Whether triage was unsure of the category, and nobody has judged it since."""
        triage = self.triage if self.original_triage is None else None
        return triage is not None and triage.confidence < MIN_CONFIDENCE

    @property
    def event_count(self) -> int:
        """The number of all its events, which is the number of the newest one."""
        return self.archived_event_count + len(self.history)

    @property
    def numbered_events(self) -> tuple[tuple[int, Event], ...]:
        """The newest events with their numbers, which never change."""
        return tuple(enumerate(self.history, start=self.archived_event_count + 1))

    def events_after(self, number: int) -> tuple[Event, ...]:
        """The events in the ticket that are newer than the event with this number."""
        return self.history[max(0, number - self.archived_event_count) :]

    def without_events_until(self, number: int) -> Self:
        """The ticket without the events up to this number, which are in the event log."""
        dropped_count = max(0, number - self.archived_event_count)
        return self.model_copy(
            update={
                "history": self.history[dropped_count:],
                "archived_event_count": self.archived_event_count + dropped_count,
            }
        )

    def with_skills(self, skills: tuple[str, ...]) -> Self:
        """The ticket with these skills in its triage; unchanged before triage."""
        if self.triage is None:
            return self
        return self.model_copy(update={"triage": self.triage.model_copy(update={"skills": skills})})

    def matches(self, draft: Draft) -> bool:
        """Whether the ticket has all values of the draft."""
        return all(getattr(self, name) == value for name, value in draft)

    def with_transition(
        self, event: Event, *, status: Status, next_steps: Iterable[Step], **changes: Any
    ) -> Self:
        """The ticket after a move: with the new status, the event and the next steps."""
        pending = self.pending
        if len(self.history) >= MAX_EVENTS_IN_TICKET:
            next_steps = (*next_steps, Step.ARCHIVE_EVENTS)
        for step in next_steps:
            pending = request_step(pending, step, due=event.at, rev=self.rev)
        return self.model_copy(
            update={
                **changes,
                "status": status,
                "state_version": self.state_version + 1,
                "history": (*self.history, event),
                "pending": pending,
            }
        )

    def find_step(self, step: Step) -> PendingStep | None:
        """The pending step of that kind, if there is one."""
        return next((entry for entry in self.pending if entry.step is step), None)

    def due_at(self) -> datetime | None:
        """The time when the next step is due; None when no step is."""
        return min((entry.due for entry in self.pending if entry.due), default=None)

    def dead_since(self) -> datetime | None:
        """The time when its first dead step became dead; None when no step is dead."""
        return min((entry.dead_since for entry in self.pending if entry.dead_since), default=None)

    def with_step_leased(self, step: Step, *, now: datetime) -> Self:
        """The ticket with the step leased to the caller; raises Conflict when it is not due."""
        entry = self.find_step(step)
        if entry is None or entry.due is None or entry.due > now:
            raise Conflict(f"{self.id}: {step} is not due")
        return self._with_pending_step(
            entry.with_lease(until=now + LEASE_DURATION, lease_token=self.rev)
        )

    def with_step_completed(self, leased_step: PendingStep, *, now: datetime) -> Self:
        """The ticket without the step; raises Conflict when another worker has leased it since.

        A step that was requested again while it ran stays, and is due now.
        """
        entry = self._get_leased_step(leased_step)
        if entry.requested_rev != leased_step.requested_rev:
            return self._with_pending_step(entry.reset(due=now))
        others = tuple(other for other in self.pending if other.step is not leased_step.step)
        return self.model_copy(update={"pending": others})

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
        """The ticket with the step due later; raises Conflict as `with_step_completed` does.

        A step that was requested again while it ran starts anew: it has no failed attempts and is
        due now.
        """
        entry = self._get_leased_step(leased_step)
        if entry.requested_rev != leased_step.requested_rev:
            return self._with_pending_step(entry.reset(due=now))
        changes = {
            "due": due,
            "is_leased": False,
            "error": error,
            "attempts": failed_attempts,
            "tries": run_count,
        }
        return self._with_pending_step(entry.model_copy(update=changes))

    def with_step_dead(
        self, leased_step: PendingStep, *, now: datetime, error: str, failed_attempts: int
    ) -> Self:
        """The ticket with the step dead, and `ALERT_ADMINS` pending.

        A step that was requested again while it ran is due now instead.

        Raises:
            Conflict: another worker has leased the step since.
        """
        entry = self._get_leased_step(leased_step)
        if entry.requested_rev != leased_step.requested_rev:
            return self._with_pending_step(entry.reset(due=now))
        changes = {
            "due": None,
            "is_leased": False,
            "dead_since": now,
            "error": error,
            "attempts": failed_attempts,
        }
        after = self._with_pending_step(entry.model_copy(update=changes))
        # An alert about a failed alert would fail, too. The logs and System health show it.
        if leased_step.step is Step.ALERT_ADMINS:
            return after
        return after.with_step(Step.ALERT_ADMINS, due=now)

    def with_step_replayed(self, step: Step, *, now: datetime) -> Self:
        """The ticket with the dead step due now; raises Conflict when the step is not dead."""
        entry = self.find_step(step)
        if entry is None or entry.dead_since is None:
            raise Conflict(f"{self.id}: {step} is not dead")
        return self._with_pending_step(entry.reset(due=now))

    def with_step(self, step: Step, *, due: datetime) -> Self:
        """The ticket with the step requested."""
        pending = request_step(self.pending, step, due=due, rev=self.rev)
        return self.model_copy(update={"pending": pending})

    def with_card(self, card: Card, *, now: datetime) -> Self:
        """The ticket with this card, in place of an older state of the same card.

        When the ticket has changed while the card was sent, `REFRESH_CARDS` is requested.
        """
        others = tuple(other for other in self.cards if other.notice != card.notice)
        after = self.model_copy(update={"cards": (*others, card)})
        if card.version < self.state_version:
            return after.with_step(Step.REFRESH_CARDS, due=now)
        return after

    def without_card(self, notice: str) -> Self:
        """The ticket without this card, because its message is gone or shows its last state."""
        others = tuple(card for card in self.cards if card.notice != notice)
        if others == self.cards:
            return self
        removed = (card for card in self.cards if card.notice == notice)
        former = (*self.former_cards, *removed)[-MAX_FORMER_CARDS:]
        return self.model_copy(update={"cards": others, "former_cards": former})

    def with_stale_cards(self) -> Self:
        """The ticket with all cards marked as outdated; their buttons keep working."""
        stale = tuple(card.model_copy(update={"version": 0}) for card in self.cards)
        return self.model_copy(update={"cards": stale})

    def with_unknown_card(self, ts: str) -> Self:
        """The ticket whose card with this timestamp is to be drawn again, whatever it shows."""
        cards = (card.with_unknown_content() if card.ts == ts else card for card in self.cards)
        return self.model_copy(update={"cards": tuple(cards)})

    def _get_leased_step(self, leased_step: PendingStep) -> PendingStep:
        entry = self.find_step(leased_step.step)
        if entry is None or entry.lease != leased_step.lease:
            raise Conflict(f"{self.id}: {leased_step.step} is leased by another worker")
        return entry

    def _with_pending_step(self, pending_step: PendingStep) -> Self:
        pending = tuple(
            pending_step if entry.step is pending_step.step else entry for entry in self.pending
        )
        return self.model_copy(update={"pending": pending})


TicketUpdate = Callable[[Ticket, datetime], Ticket]
"""Returns the changed ticket, given the database's time; raises Conflict on a stale ticket."""
