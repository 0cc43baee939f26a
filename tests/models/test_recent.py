"""The newest tickets' texts are read once, and what counts for an incident as it is now."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from models.desk import Desk
from models.documents import document_of, number_of
from models.ticket import Draft, Status, Ticket
from sandbox.servers import Servers
from tests.desks import desk_on
from tests.models.overhearing import Overheard

WOMBAT, KETTLE = "Wombat in the lift", "The kettle is cold"


@pytest.fixture(scope="module")
def overheard() -> Overheard:
    return Overheard("recent")


@pytest.fixture
async def desk(servers: Servers, overheard: Overheard) -> AsyncIterator[Desk]:
    """An empty desk on the real servers."""
    async with desk_on(servers, mongodb_database=overheard.database) as desk:
        for collection in (desk.database.tickets, desk.database.counters):
            await collection.delete_many({})
        overheard.searches.clear()
        yield desk


async def opened(desk: Desk, title: str = WOMBAT) -> Ticket:
    draft = Draft(key=f"view:{uuid4()}", team_id="T1", requester="UADA", title=title)
    return await desk.open_ticket(draft)


async def like(desk: Desk, ticket: Ticket) -> list[str]:
    return sorted(one.report.ticket_id for one in await desk.search.open_like(ticket))


async def test_each_text_is_read_once(desk: Desk, overheard: Overheard) -> None:
    for _ in range(5):
        await opened(desk, KETTLE)
    ticket = await opened(desk)
    overheard.searches.clear()
    assert await like(desk, ticket) == []
    later = await opened(desk)
    assert await like(desk, later) == [ticket.id]

    texts = [one.command["filter"]["number"] for one in overheard.searches if one.names("number")]
    first, second, afresh = texts
    assert (first, second) == ({"$gte": 1, "$lt": 6}, {"$gte": 6, "$lt": 7})
    assert afresh == {"$gte": 6, "$lte": 6}


async def test_a_ticket_that_is_known_counts_as_it_is_now(desk: Desk) -> None:
    known = {what: await opened(desk) for what in ("open", "resolved", "secret", "corrected")}
    every = sorted(ticket.id for ticket in known.values())
    assert await like(desk, await opened(desk)) == every

    changes: dict[str, dict[str, Any]] = {
        "open": {"incident": "T-1"},
        "resolved": {"status": Status.RESOLVED},
        "secret": {"confidential": True},
        "corrected": {"title": KETTLE},
    }
    for what, change in changes.items():
        ticket = known[what]
        assert await desk.store.replace(ticket, ticket.model_copy(update=change))
    seen = await desk.search.open_like(await opened(desk))

    assert {one.report.ticket_id: one.incident for one in seen} == {"T-1": "T-1", "T-5": ""}


async def test_who_is_stored_after_later_ones_is_seen(desk: Desk) -> None:
    await opened(desk, KETTLE)
    late = await opened(desk)
    document = await desk.database.tickets.find_one_and_delete({"_id": late.id})
    await opened(desk, KETTLE)
    assert await like(desk, await opened(desk)) == []

    assert document
    await desk.database.tickets.insert_one(document)

    assert late.id in await like(desk, await opened(desk))


async def test_only_so_many_of_the_newest_are_compared(desk: Desk) -> None:
    ticket = await opened(desk)
    number = number_of(ticket.id)
    many = [
        ticket.model_copy(update={"id": f"T-{one}", "key": f"view:{one}"})
        for one in range(number + 1, number + 301)
    ]
    await desk.database.tickets.insert_many([document_of(one) for one in many])

    for newest in (many[-2], many[-1]):
        assert len(await desk.search.open_like(newest)) == 200
    old = many[200].model_copy(update={"opened_at": ticket.opened_at + timedelta(seconds=30)})
    assert len(await desk.search.open_like(old)) == 200


async def test_texts_of_a_database_that_is_gone_count_no_more(desk: Desk) -> None:
    for _ in range(3):
        await like(desk, await opened(desk, KETTLE))
    for collection in (desk.database.tickets, desk.database.counters):
        await collection.delete_many({})

    first, second, third = [await opened(desk) for _ in range(3)]

    assert await like(desk, first) == []
    assert await like(desk, second) == [first.id]
    assert await like(desk, third) == [first.id, second.id]
