"""How many tickets people have: counted often at quiet times, and seldom in a crowd."""

import asyncio

from models.assignment.workload import Workload
from models.tickets.store import TicketStore


class SlowStore(TicketStore):
    """A store that needs some time to count, and says how often it was asked."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.asked = seconds, 0

    async def ticket_ids_by_assignee(self, team_id: str) -> dict[str, list[str]]:
        self.asked += 1
        await asyncio.sleep(self.seconds)
        return {"UBOB": [f"{team_id}-{number}" for number in range(self.asked)]}


async def test_in_a_crowd_offers_are_counted_along() -> None:
    store = SlowStore(0.05)
    workload = Workload(store)
    await asyncio.gather(*(workload.open_ticket_counts("T1") for _ in range(9)))
    for expected in range(1, 6):
        assert (await workload.open_ticket_counts("T1"))["UBOB"] == expected
        workload.count_offer("T1", "UBOB")
    assert store.asked == 1
    assert (await workload.open_ticket_counts("T2"))["UBOB"] == 2


async def test_what_is_counted_at_once_is_counted_each_time() -> None:
    store = SlowStore(0)
    workload = Workload(store)
    await workload.open_ticket_counts("T1")
    await asyncio.sleep(store.seconds + 0.01)

    assert (await workload.open_ticket_counts("T1"))["UBOB"] == 2
    assert (await workload.open_ticket_counts("T1"))["UEVE"] == 0
