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

from models.errors import Conflict
from models.tickets.pending_step import PendingStep, Step
from models.tickets.ticket import Ticket


@dataclass(slots=True)
class TicketLease:
    """One ticket in the hands of one worker.

    Attributes:
        steps: those that the worker does.
        goes_on: whether it takes what follows from a step, too, when that is done.
        lock: of what the worker writes to the ticket at once, one waits for the other.
    """

    ticket_id: str
    steps: frozenset[Step]
    keep_running: Callable[[], bool]
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _cached: tuple[Ticket, datetime, float] | None = None

    @property
    def cached_ticket(self) -> tuple[Ticket, datetime] | None:
        """The ticket as it was last seen, and the database's time now; None when it must be read.

        The time is counted on from when it was last asked for.
        """
        if self._cached is None:
            return None
        ticket, at, since = self._cached
        return ticket, at + timedelta(seconds=time.monotonic() - since)

    def cache(self, ticket: Ticket, now: datetime, *, monotonic_seconds: float) -> None:
        """Note how the ticket stands, and what the database's time was at `since` (monotonic)."""
        self._cached = ticket, now, monotonic_seconds

    def invalidate(self) -> None:
        """Read the ticket before it is next written."""
        self._cached = None

    def with_due_steps_leased(self, ticket: Ticket, now: datetime) -> Ticket:
        """The ticket with those of the steps leased that are due (a `Change`)."""
        for step in self.steps:
            with suppress(Conflict):
                ticket = ticket.with_step_leased(step, now=now)
        return ticket


class WriteResult(NamedTuple):
    """A ticket before and after a write, and the database's time at it."""

    before: Ticket
    after: Ticket
    now: datetime

    @property
    def leased_steps(self) -> "LeasedSteps":
        """What was leased by this very write, as the number of the lease says."""
        steps = (e for e in self.after.pending if e.is_leased and e.lease == self.before.rev)
        return LeasedSteps(self.after, tuple(steps))


class LeasedSteps(NamedTuple):
    """Steps that were leased, and the ticket as it stood then."""

    ticket: Ticket
    steps: tuple[PendingStep, ...]
