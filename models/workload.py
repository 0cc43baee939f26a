"""How many open tickets everybody has, for who is to be offered the next one.

Counting costs as much as there are open tickets, and in a crowd every ticket wants it: so it is
done anew when ten times as long has passed as it took, and offers made meanwhile are counted along.
It takes a tenth of the time at most, and at quiet times it is always new.
"""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass

from models.store import Store

_TIMES_AS_LONG = 10


@dataclass(slots=True)
class _Count:
    held: Counter[str]
    until: float


class Workload:
    """The open tickets of everybody, counted now and then."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._counts: dict[str, _Count] = {}
        self._counting = asyncio.Lock()

    async def of(self, team_id: str) -> Counter[str]:
        """By Slack id: how many tickets are offered to a person, or claimed by them."""
        async with self._counting:
            count = self._counts.get(team_id)
            if count is None or time.monotonic() >= count.until:
                count = self._counts[team_id] = await self._counted(team_id)
        return count.held

    async def _counted(self, team_id: str) -> _Count:
        began = time.monotonic()
        held = await self._store.open_tickets(team_id)
        took = time.monotonic() - began
        counts = Counter({who: len(tickets) for who, tickets in held.items()})
        return _Count(counts, until=began + took * (1 + _TIMES_AS_LONG))

    def offered(self, team_id: str, slack_id: str) -> None:
        """Count one more for a person, until all are counted anew."""
        if team_id in self._counts:
            self._counts[team_id].held[slack_id] += 1
