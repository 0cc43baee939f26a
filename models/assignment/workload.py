"""The workload: how many open tickets each member has, for the next assignment.

A count costs time in proportion to the open tickets, and at a peak every new ticket needs one.
So a count is reused for ten times as long as it took. Offers made meanwhile are added to it.
Counting takes at most a tenth of the time, and at quiet times the count is always fresh.
"""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass

from models.ticket_store.store import TicketStore

_RECOUNT_FACTOR = 10


@dataclass(slots=True)
class _TicketCounts:
    by_assignee: Counter[str]
    valid_until: float


class Workload:
    """Counts open tickets per member, and reuses a count for a short time."""

    def __init__(self, tickets: TicketStore) -> None:
        self._tickets = tickets
        self._counts: dict[str, _TicketCounts] = {}
        self._count_lock = asyncio.Lock()

    async def open_ticket_counts(self, team_id: str) -> Counter[str]:
        """By Slack id: the number of tickets that are offered to a person or claimed by them."""
        async with self._count_lock:
            counts = self._counts.get(team_id)
            if counts is None or time.monotonic() >= counts.valid_until:
                counts = self._counts[team_id] = await self._count_tickets(team_id)
        return counts.by_assignee

    async def _count_tickets(self, team_id: str) -> _TicketCounts:
        started = time.monotonic()
        ids_by_assignee = await self._tickets.ticket_ids_by_assignee(team_id)
        seconds = time.monotonic() - started
        by_assignee = Counter({slack_id: len(ids) for slack_id, ids in ids_by_assignee.items()})
        return _TicketCounts(by_assignee, valid_until=started + seconds * (1 + _RECOUNT_FACTOR))

    def count_offer(self, team_id: str, slack_id: str) -> None:
        """Add an offer to the current count."""
        if team_id in self._counts:
            self._counts[team_id].by_assignee[slack_id] += 1
