"""The cache of recent tickets: each text is read once, and incidents use current values."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from models.services import Services
from models.ticket_store.documents import ticket_number, ticket_to_document
from models.tickets.ticket import Draft, Status, Ticket
from sandbox.services.database_servers import DatabaseServers
from tests.models.mongo_command_log import MongoCommandLog
from tests.service_factory import run_services

WOMBAT, KETTLE = "Wombat in the lift", "The kettle is cold"


@pytest.fixture(scope="module")
def command_log() -> MongoCommandLog:
    return MongoCommandLog("recent")


@pytest.fixture
async def services(
    servers: DatabaseServers, command_log: MongoCommandLog
) -> AsyncIterator[Services]:
    async with run_services(servers, mongodb_database=command_log.database) as services:
        for collection in (services.database.tickets, services.database.counters):
            await collection.delete_many({})
        command_log.queries.clear()
        yield services


async def open_ticket(services: Services, title: str = WOMBAT) -> Ticket:
    draft = Draft(key=f"view:{uuid4()}", team_id="T1", requester="UADA", title=title)
    return await services.ticket_service.open_ticket(draft)


async def similar_ids(services: Services, ticket: Ticket) -> list[str]:
    similar_tickets = await services.search.similar_open_tickets(ticket)
    return sorted(similar.report.ticket_id for similar in similar_tickets)


async def test_each_text_is_read_once(services: Services, command_log: MongoCommandLog) -> None:
    for _ in range(5):
        await open_ticket(services, KETTLE)
    ticket = await open_ticket(services)
    command_log.queries.clear()
    assert await similar_ids(services, ticket) == []
    later = await open_ticket(services)
    assert await similar_ids(services, later) == [ticket.id]

    number_filters = [
        query.command["filter"]["number"]
        for query in command_log.queries
        if query.filters_on("number")
    ]
    first, second, similar_only = number_filters
    assert (first, second) == ({"$gte": 1, "$lt": 6}, {"$gte": 6, "$lt": 7})
    assert similar_only == {"$gte": 6, "$lte": 6}


async def test_cached_ticket_is_judged_by_its_current_values(services: Services) -> None:
    names = ("open", "resolved", "confidential", "corrected")
    tickets = {name: await open_ticket(services) for name in names}
    all_ids = sorted(ticket.id for ticket in tickets.values())
    assert await similar_ids(services, await open_ticket(services)) == all_ids

    changes: dict[str, dict[str, Any]] = {
        "open": {"incident": "T-1"},
        "resolved": {"status": Status.RESOLVED},
        "confidential": {"confidential": True},
        "corrected": {"title": KETTLE},
    }
    for name, change in changes.items():
        ticket = tickets[name]
        assert await services.tickets.compare_and_set(ticket, ticket.model_copy(update=change))
    similar_tickets = await services.search.similar_open_tickets(await open_ticket(services))

    incidents = {similar.report.ticket_id: similar.incident for similar in similar_tickets}
    assert incidents == {"T-1": "T-1", "T-5": ""}


async def test_ticket_stored_after_later_ones_is_found(services: Services) -> None:
    await open_ticket(services, KETTLE)
    late = await open_ticket(services)
    document = await services.database.tickets.find_one_and_delete({"_id": late.id})
    await open_ticket(services, KETTLE)
    assert await similar_ids(services, await open_ticket(services)) == []

    assert document
    await services.database.tickets.insert_one(document)

    assert late.id in await similar_ids(services, await open_ticket(services))


async def test_at_most_200_newest_tickets_are_compared(services: Services) -> None:
    ticket = await open_ticket(services)
    number = ticket_number(ticket.id)
    tickets = [
        ticket.model_copy(update={"id": f"T-{later}", "key": f"view:{later}"})
        for later in range(number + 1, number + 301)
    ]
    await services.database.tickets.insert_many([ticket_to_document(later) for later in tickets])

    for newest in (tickets[-2], tickets[-1]):
        assert len(await services.search.similar_open_tickets(newest)) == 200
    older = tickets[200].model_copy(update={"opened_at": ticket.opened_at + timedelta(seconds=30)})
    assert len(await services.search.similar_open_tickets(older)) == 200


async def test_cached_texts_of_a_deleted_database_are_dropped(services: Services) -> None:
    for _ in range(3):
        await similar_ids(services, await open_ticket(services, KETTLE))
    for collection in (services.database.tickets, services.database.counters):
        await collection.delete_many({})

    first, second, third = [await open_ticket(services) for _ in range(3)]

    assert await similar_ids(services, first) == []
    assert await similar_ids(services, second) == [first.id]
    assert await similar_ids(services, third) == [first.id, second.id]
