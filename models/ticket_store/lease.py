"""A worker's lease on a ticket's steps, with a cache of the ticket that saves a read per write.

Every write checks the ticket's revision. A write from a stale cache changes nothing, and the
worker reads the ticket again.
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
    """One ticket while one worker runs its steps.

    Attributes:
        steps: the kinds of step that the worker runs.
        keep_running: whether the worker also leases the steps that follow a completed step.
        lock: serialises the worker's own writes to the ticket.
    """

    ticket_id: str
    steps: frozenset[Step]
    keep_running: Callable[[], bool]
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    _cached: tuple[Ticket, datetime, float] | None = None

    @property
    def cached_ticket(self) -> tuple[Ticket, datetime] | None:
        """The cached ticket and the database's time now; None when the ticket must be read.

        The time is the last one that the database sent, plus the seconds that passed since.
        """
        if self._cached is None:
            return None
        ticket, cached_at, monotonic_seconds = self._cached
        return ticket, cached_at + timedelta(seconds=time.monotonic() - monotonic_seconds)

    def cache(self, ticket: Ticket, now: datetime, *, monotonic_seconds: float) -> None:
        """Cache the ticket, and the database's time at this reading of the monotonic clock."""
        self._cached = ticket, now, monotonic_seconds

    def invalidate(self) -> None:
        """Drop the cached ticket, so that the next write reads it first."""
        self._cached = None

    def with_due_steps_leased(self, ticket: Ticket, now: datetime) -> Ticket:
        """The ticket with the due steps of this lease leased (a `TicketUpdate`)."""
        for step in self.steps:
            with suppress(Conflict):
                ticket = ticket.with_step_leased(step, now=now)
        return ticket


class WriteResult(NamedTuple):
    """A ticket before and after a write, and the database's time of the write."""

    before: Ticket
    after: Ticket
    now: datetime

    @property
    def leased_steps(self) -> "LeasedSteps":
        """The steps that this write leased: their lease token is the revision before it."""
        steps = (
            entry
            for entry in self.after.pending
            if entry.is_leased and entry.lease == self.before.rev
        )
        return LeasedSteps(self.after, tuple(steps))


class LeasedSteps(NamedTuple):
    """Leased steps, and the ticket at the time of the lease."""

    ticket: Ticket
    steps: tuple[PendingStep, ...]
