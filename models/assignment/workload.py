"""How many open tickets everybody has, for who is to be offered the next one.

Counting costs as much as there are open tickets, and in a crowd every ticket wants it: so it is
done anew when ten times as long has passed as it took, and offers made meanwhile are counted along.
It takes a tenth of the time at most, and at quiet times it is always new.
"""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass

from models.tickets.store import TicketStore

_RECOUNT_FACTOR = 10


@dataclass(slots=True)
class _TicketCounts:
    by_assignee: Counter[str]
    valid_until: float


class Workload:
    """The open tickets of everybody, counted now and then."""

    def __init__(self, tickets: TicketStore) -> None:
        self._tickets = tickets
        self._counts: dict[str, _TicketCounts] = {}
        self._count_lock = asyncio.Lock()

    async def open_ticket_counts(self, team_id: str) -> Counter[str]:
        """By Slack id: how many tickets are offered to a person, or claimed by them."""
        async with self._count_lock:
            count = self._counts.get(team_id)
            if count is None or time.monotonic() >= count.valid_until:
                count = self._counts[team_id] = await self._count_tickets(team_id)
        return count.by_assignee

    async def _count_tickets(self, team_id: str) -> _TicketCounts:
        began = time.monotonic()
        held = await self._tickets.ticket_ids_by_assignee(team_id)
        took = time.monotonic() - began
        counts = Counter({who: len(tickets) for who, tickets in held.items()})
        return _TicketCounts(counts, valid_until=began + took * (1 + _RECOUNT_FACTOR))

    def count_offer(self, team_id: str, slack_id: str) -> None:
        """Count one more for a person, until all are counted anew."""
        if team_id in self._counts:
            self._counts[team_id].by_assignee[slack_id] += 1
