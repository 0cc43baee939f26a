"""The newest tickets' texts are read once, and what counts for an incident as it is now."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from models.ticket_service import TicketService
from models.tickets.documents import ticket_number, ticket_to_document
from models.tickets.ticket import Draft, Status, Ticket
from sandbox.services.database_servers import DatabaseServers
from tests.models.mongo_command_log import MongoCommandLog
from tests.service_factory import run_service

WOMBAT, KETTLE = "Wombat in the lift", "The kettle is cold"


@pytest.fixture(scope="module")
def command_log() -> MongoCommandLog:
    return MongoCommandLog("recent")


@pytest.fixture
async def service(
    servers: DatabaseServers, command_log: MongoCommandLog
) -> AsyncIterator[TicketService]:
    """An empty desk on the real servers."""
    async with run_service(servers, mongodb_database=command_log.database) as service:
        for collection in (service.database.tickets, service.database.counters):
            await collection.delete_many({})
        command_log.queries.clear()
        yield service


async def opened(service: TicketService, title: str = WOMBAT) -> Ticket:
    draft = Draft(key=f"view:{uuid4()}", team_id="T1", requester="UADA", title=title)
    return await service.open_ticket(draft)


async def like(service: TicketService, ticket: Ticket) -> list[str]:
    return sorted(one.report.ticket_id for one in await service.search.similar_open_tickets(ticket))


async def test_each_text_is_read_once(service: TicketService, command_log: MongoCommandLog) -> None:
    for _ in range(5):
        await opened(service, KETTLE)
    ticket = await opened(service)
    command_log.queries.clear()
    assert await like(service, ticket) == []
    later = await opened(service)
    assert await like(service, later) == [ticket.id]

    texts = [
        one.command["filter"]["number"] for one in command_log.queries if one.filters_on("number")
    ]
    first, second, afresh = texts
    assert (first, second) == ({"$gte": 1, "$lt": 6}, {"$gte": 6, "$lt": 7})
    assert afresh == {"$gte": 6, "$lte": 6}


async def test_a_ticket_that_is_known_counts_as_it_is_now(service: TicketService) -> None:
    known = {what: await opened(service) for what in ("open", "resolved", "secret", "corrected")}
    every = sorted(ticket.id for ticket in known.values())
    assert await like(service, await opened(service)) == every

    changes: dict[str, dict[str, Any]] = {
        "open": {"incident": "T-1"},
        "resolved": {"status": Status.RESOLVED},
        "secret": {"confidential": True},
        "corrected": {"title": KETTLE},
    }
    for what, change in changes.items():
        ticket = known[what]
        assert await service.tickets.compare_and_set(ticket, ticket.model_copy(update=change))
    seen = await service.search.similar_open_tickets(await opened(service))

    assert {one.report.ticket_id: one.incident for one in seen} == {"T-1": "T-1", "T-5": ""}


async def test_who_is_stored_after_later_ones_is_seen(service: TicketService) -> None:
    await opened(service, KETTLE)
    late = await opened(service)
    document = await service.database.tickets.find_one_and_delete({"_id": late.id})
    await opened(service, KETTLE)
    assert await like(service, await opened(service)) == []

    assert document
    await service.database.tickets.insert_one(document)

    assert late.id in await like(service, await opened(service))


async def test_only_so_many_of_the_newest_are_compared(service: TicketService) -> None:
    ticket = await opened(service)
    number = ticket_number(ticket.id)
    many = [
        ticket.model_copy(update={"id": f"T-{one}", "key": f"view:{one}"})
        for one in range(number + 1, number + 301)
    ]
    await service.database.tickets.insert_many([ticket_to_document(one) for one in many])

    for newest in (many[-2], many[-1]):
        assert len(await service.search.similar_open_tickets(newest)) == 200
    old = many[200].model_copy(update={"opened_at": ticket.opened_at + timedelta(seconds=30)})
    assert len(await service.search.similar_open_tickets(old)) == 200


async def test_texts_of_a_database_that_is_gone_count_no_more(service: TicketService) -> None:
    for _ in range(3):
        await like(service, await opened(service, KETTLE))
    for collection in (service.database.tickets, service.database.counters):
        await collection.delete_many({})

    first, second, third = [await opened(service) for _ in range(3)]

    assert await like(service, first) == []
    assert await like(service, second) == [first.id]
    assert await like(service, third) == [first.id, second.id]
