"""A ticket that a worker is at: its newest state is at hand, so that it is not read at each write.

Every write is guarded by the ticket's revision, so a state that is not the newest any more writes
nothing; then the ticket is read again.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from models.errors import OutOfTurn
from models.step import Pending, Step
from models.ticket import Ticket


@dataclass(slots=True)
class Holding:
    """One ticket in the hands of one worker.

    Attributes:
        steps: those that the worker does.
        goes_on: whether it takes what follows from a step, too, when that is done.
        lock: of what the worker writes to the ticket at once, one waits for the other.
    """

    ticket_id: str
    steps: frozenset[Step]
    goes_on: Callable[[], bool]
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _newest: tuple[Ticket, datetime, float] | None = None

    @property
    def newest(self) -> tuple[Ticket, datetime] | None:
        """The ticket as it was last seen, and the database's time now; None when it must be read.

        The time is counted on from when it was last asked for.
        """
        if self._newest is None:
            return None
        ticket, at, since = self._newest
        return ticket, at + timedelta(seconds=time.monotonic() - since)

    def saw(self, ticket: Ticket, now: datetime, *, since: float) -> None:
        """Note how the ticket stands, and what the database's time was at `since` (monotonic)."""
        self._newest = ticket, now, since

    def forget(self) -> None:
        """Read the ticket before it is next written."""
        self._newest = None

    def leased(self, ticket: Ticket, now: datetime) -> Ticket:
        """The ticket with those of the steps leased that are due (a `Change`)."""
        for step in self.steps:
            with suppress(OutOfTurn):
                ticket = ticket.step_leased(step, now=now)
        return ticket


class Written(NamedTuple):
    """A ticket before and after a write, and the database's time at it."""

    before: Ticket
    after: Ticket
    now: datetime

    @property
    def taken(self) -> "Taken":
        """What was leased by this very write, as the number of the lease says."""
        steps = (e for e in self.after.pending if e.held and e.lease == self.before.rev)
        return Taken(self.after, tuple(steps))


class Taken(NamedTuple):
    """Steps that were leased, and the ticket as it stood then."""

    ticket: Ticket
    steps: tuple[Pending, ...]
