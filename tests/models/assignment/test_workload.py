"""The workload: tickets are counted often at quiet times, and seldom at a peak."""

import asyncio

from models.assignment.workload import Workload
from models.ticket_store.store import TicketStore


class SlowStore(TicketStore):
    """A store that takes some seconds for a count, and counts its calls."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.calls = seconds, 0

    async def ticket_ids_by_assignee(self, team_id: str) -> dict[str, list[str]]:
        self.calls += 1
        await asyncio.sleep(self.seconds)
        return {"UBOB": [f"{team_id}-{number}" for number in range(self.calls)]}


async def test_offers_are_added_to_a_reused_count() -> None:
    store = SlowStore(0.05)
    workload = Workload(store)
    await asyncio.gather(*(workload.open_ticket_counts("T1") for _ in range(9)))
    for expected in range(1, 6):
        assert (await workload.open_ticket_counts("T1"))["UBOB"] == expected
        workload.count_offer("T1", "UBOB")
    assert store.calls == 1
    assert (await workload.open_ticket_counts("T2"))["UBOB"] == 2


async def test_fast_count_is_repeated_for_each_call() -> None:
    store = SlowStore(0)
    workload = Workload(store)
    await workload.open_ticket_counts("T1")
    await asyncio.sleep(store.seconds + 0.01)

    assert (await workload.open_ticket_counts("T1"))["UBOB"] == 2
    assert (await workload.open_ticket_counts("T1"))["UEVE"] == 0
