"""The migration of tickets: resumable, complete, and without effect when it is made again."""

from collections.abc import AsyncIterator

import pytest

from models.services import Services
from models.ticket_store.documents import SCHEMA_VERSION
from models.tickets.pending_step import Step
from models.tickets.ticket import Draft, Event
from sandbox.services.database_servers import DatabaseServers
from tests.sample_tickets import ADA, NOON
from tests.service_factory import run_services


@pytest.fixture
async def services(servers: DatabaseServers) -> AsyncIterator[Services]:
    """A service with three tickets as an earlier release stored them."""
    async with run_services(servers) as services:
        for number in range(3):
            draft = Draft(key=f"view:{number}", team_id="T1", requester="UADA", title="VPN")
            await services.ticket_service.open_ticket(draft)
        old = {"schema": "", "people": "", "resolve_count": "", "archived_event_count": ""}
        await services.database.tickets.update_many({}, {"$unset": old})
        yield services


async def numbers_seen_by_requester(services: Services) -> list[str]:
    tickets = await services.search.visible_tickets(
        ADA, before_id="", limit=9, terms="", filters={}
    )
    return [ticket.id for ticket in tickets]


async def test_the_requester_finds_migrated_tickets(services: Services) -> None:
    assert await numbers_seen_by_requester(services) == []
    assert not await services.ticket_migration.is_done()

    await services.ticket_migration.run(services.ticket_service)

    assert await numbers_seen_by_requester(services) == ["T-3", "T-2", "T-1"]
    assert await services.ticket_migration.is_done()
    assert await services.database.tickets.count_documents({"schema": SCHEMA_VERSION}) == 3


async def test_an_interrupted_migration_continues(services: Services) -> None:
    progress = {"_id": f"tickets:{SCHEMA_VERSION}", "after": "T-2"}
    await services.database.migrations.insert_one(progress)

    await services.ticket_migration.run(services.ticket_service)

    assert await numbers_seen_by_requester(services) == ["T-3"]


async def test_a_damaged_ticket_stops_no_migration(services: Services) -> None:
    await services.database.tickets.update_one({"_id": "T-2"}, {"$set": {"status": 7}})

    await services.ticket_migration.run(services.ticket_service)

    assert await numbers_seen_by_requester(services) == ["T-3", "T-1"]
    assert await services.ticket_migration.is_done()


async def test_a_second_run_writes_nothing(services: Services) -> None:
    await services.ticket_migration.run(services.ticket_service)
    before = await services.database.tickets.find().to_list()

    await services.ticket_migration.run(services.ticket_service)

    assert await services.database.tickets.find().to_list() == before


async def test_resolutions_are_counted_and_old_events_move_to_the_log(
    services: Services,
) -> None:
    events = [Event(at=NOON, what="resolved", who="UBOB").model_dump()] * 25
    await services.database.tickets.update_one({"_id": "T-1"}, {"$set": {"history": events}})

    await services.ticket_migration.run(services.ticket_service)

    ticket, _ = await services.tickets.get_ticket("T-1")
    assert ticket.resolve_count == 25
    assert ticket.find_step(Step.ARCHIVE_EVENTS)
