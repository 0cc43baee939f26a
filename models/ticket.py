"""A ticket: what was asked, where it stands, what is still to be done, and all that happened.

A ticket is immutable here. `moved` gives the ticket as it is after a move, with the event in its
history and the steps that follow in `pending`; the `step_…` methods give it after a step was
leased, done, put off or given up. Saving is the store's business, legality that of `flow`.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from models.errors import OutOfTurn
from models.triage import Triage

LEASE = timedelta(seconds=30)


class Status(StrEnum):
    """Where a ticket stands."""

    NEW = "new"
    TRIAGED = "triaged"
    OFFERED = "offered"
    CLAIMED = "claimed"
    RESOLVED = "resolved"


OPEN_WITH_SOMEBODY = (Status.OFFERED, Status.CLAIMED)


class Urgency(StrEnum):
    """How urgent it is for the requester, in their own judgement."""

    CAN_WAIT = "can_wait"
    SLOWED = "slowed"
    BLOCKED = "blocked"
    MANY_BLOCKED = "many_blocked"


class Step(StrEnum):
    """Something the desk still has to do for a ticket; the value is the worker function's name."""

    TRIAGE = "triage_ticket"
    ASSIGN = "assign_ticket"
    DM_REQUESTER = "dm_requester"
    DM_ASSIGNEE = "dm_assignee"
    EMAIL_ASSIGNEE = "email_assignee"
    ASK_REQUESTER = "ask_requester"
    REFRESH_CARDS = "refresh_cards"


class _Frozen(BaseModel):
    # What can't be read must not be quoted: it is what people wrote.
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class Event(_Frozen):
    """One line of a ticket's history.

    Attributes:
        who: Slack id of the person, or "" for the desk itself.
    """

    at: datetime
    what: str
    who: str = ""
    why: str = ""


class Pending(_Frozen):
    """A step that is still to be done.

    Attributes:
        due: when it may be taken next; a lease is a due time in the future. None: dead.
        version: the ticket's version that asked for it; a newer one asks for it again.
        lease: the fencing token of its holder; never used twice in the life of the ticket.
        tries: how many times it has been leased.
        attempts: how many attempts have failed.
        error: why the last one failed.
    """

    step: Step
    version: int
    due: datetime | None
    lease: int
    tries: int = 0
    attempts: int = 0
    error: str = ""


class CardKind(StrEnum):
    """What a message about a ticket is for."""

    REQUESTER = "requester"
    MODERATOR = "moderator"
    RESOLVED = "resolved"


class Card(_Frozen):
    """A message about the ticket that stands in somebody's DM and follows the ticket.

    Attributes:
        notice: the deterministic id of what the person was told by it.
        version: the ticket's version it shows.
    """

    notice: str
    kind: CardKind
    to: str
    channel: str
    ts: str
    version: int


class Draft(_Frozen):
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


class Ticket(_Frozen):
    """One ticket.

    Attributes:
        id: "T-42", unique in the deployment.
        rev: counts every write; the guard of the next one.
        version: counts the moves; what cards and buttons show.
        offers: how many times it has been offered.
        tried: who declined or released it since it was last open.
        reason: why the assignee was chosen.
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
    assignee: str | None = None
    reason: str = ""
    offers: int = 0
    tried: tuple[str, ...] = ()
    resolver: str | None = None
    opened_at: datetime
    history: tuple[Event, ...] = ()
    pending: tuple[Pending, ...] = ()
    cards: tuple[Card, ...] = ()

    @property
    def text(self) -> str:
        """All that the requester wrote."""
        return f"{self.title}\n{self.description}".strip()

    def moved(self, event: Event, *, to: Status, then: Iterable[Step], **changes: Any) -> Self:
        """The ticket after a move: new status, one more event, the steps that follow pending."""
        version = self.version + 1
        pending = self.pending
        for step in then:
            pending = _asked(pending, step, version=version, due=event.at, lease=self.rev)
        return self.model_copy(
            update={
                **changes,
                "status": to,
                "version": version,
                "history": (*self.history, event),
                "pending": pending,
            }
        )

    def step(self, step: Step) -> Pending | None:
        """The pending step of that kind, if there is one."""
        return next((entry for entry in self.pending if entry.step is step), None)

    def due_at(self) -> datetime | None:
        """When the next step is due; None when nothing is to be done."""
        return min((entry.due for entry in self.pending if entry.due), default=None)

    def step_leased(self, step: Step, *, now: datetime) -> Self:
        """The ticket with the step leased to the caller; raises OutOfTurn when it is not due."""
        entry = self.step(step)
        if entry is None or entry.due is None or entry.due > now:
            raise OutOfTurn(f"{self.id}: {step} is not due")
        taken = {"due": now + LEASE, "lease": self.rev, "tries": entry.tries + 1}
        return self._with(entry.model_copy(update=taken))

    def step_done(self, leased: Pending, *, now: datetime) -> Self:
        """The ticket without the step; raises OutOfTurn when another holder has leased it since.

        A step that was asked for again while it ran stays, due at once.
        """
        entry = self._still_held(leased)
        if entry.version != leased.version:
            return self._with(entry.model_copy(update={"due": now, "attempts": 0, "error": ""}))
        rest = tuple(other for other in self.pending if other.step is not leased.step)
        return self.model_copy(update={"pending": rest})

    def step_put_off(
        self, leased: Pending, *, due: datetime | None, error: str, attempts: int
    ) -> Self:
        """The ticket with the step due later, or dead; raises OutOfTurn as `step_done` does."""
        entry = self._still_held(leased)
        return self._with(
            entry.model_copy(update={"due": due, "error": error, "attempts": attempts})
        )

    def with_card(self, card: Card, *, now: datetime) -> Self:
        """The ticket that remembers the message, in place of an older state of the same one.

        A message that was overtaken while it was being sent is drawn again.
        """
        others = tuple(other for other in self.cards if other.notice != card.notice)
        pending = self.pending
        if card.version < self.version:
            pending = _asked(
                pending, Step.REFRESH_CARDS, version=self.version, due=now, lease=self.rev
            )
        return self.model_copy(update={"cards": (*others, card), "pending": pending})

    def without_card(self, notice: str) -> Self:
        """The ticket that has forgotten a message which is gone."""
        left = tuple(card for card in self.cards if card.notice != notice)
        return self.model_copy(update={"cards": left})

    def _still_held(self, leased: Pending) -> Pending:
        entry = self.step(leased.step)
        if entry is None or entry.lease != leased.lease:
            raise OutOfTurn(f"{self.id}: {leased.step} is in other hands")
        return entry

    def _with(self, changed: Pending) -> Self:
        pending = tuple(changed if entry.step is changed.step else entry for entry in self.pending)
        return self.model_copy(update={"pending": pending})


def _asked(
    pending: tuple[Pending, ...], step: Step, *, version: int, due: datetime, lease: int
) -> tuple[Pending, ...]:
    """The pending steps with this one asked for, at this version of the ticket.

    A step that is being done right now keeps its lease: its holder will see the newer version.
    Leases are numbered by the ticket's `rev`, which every write, each lease among them, raises.
    """
    entry = next((entry for entry in pending if entry.step is step), None)
    if entry is None:
        return (*pending, Pending(step=step, version=version, due=due, lease=lease))
    running = entry.due is not None and entry.due > due
    fresh = {"version": version} if running else {"version": version, "due": due, "attempts": 0}
    asked = entry.model_copy(update=fresh)
    return tuple(asked if other is entry else other for other in pending)
