"""The migration of tickets: resumable, complete, and without effect when it is made again."""

from collections.abc import AsyncIterator

import pytest

from models.ticket_service import TicketService
from models.ticket_store.documents import SCHEMA_VERSION
from models.tickets.pending_step import Step
from models.tickets.ticket import Draft, Event
from sandbox.services.database_servers import DatabaseServers
from tests.sample_tickets import ADA, NOON
from tests.service_factory import run_service


@pytest.fixture
async def service(servers: DatabaseServers) -> AsyncIterator[TicketService]:
    """A service with three tickets as an earlier release stored them."""
    async with run_service(servers) as service:
        for number in range(3):
            draft = Draft(key=f"view:{number}", team_id="T1", requester="UADA", title="VPN")
            await service.open_ticket(draft)
        old = {"schema": "", "people": "", "resolve_count": "", "archived_event_count": ""}
        await service.database.tickets.update_many({}, {"$unset": old})
        yield service


async def numbers_seen_by_requester(service: TicketService) -> list[str]:
    tickets = await service.search.visible_tickets(ADA, before_id="", limit=9, terms="", filters={})
    return [ticket.id for ticket in tickets]


async def test_the_requester_finds_migrated_tickets(service: TicketService) -> None:
    assert await numbers_seen_by_requester(service) == []
    assert not await service.ticket_migration.is_done()

    await service.ticket_migration.run(service)

    assert await numbers_seen_by_requester(service) == ["T-3", "T-2", "T-1"]
    assert await service.ticket_migration.is_done()
    assert await service.database.tickets.count_documents({"schema": SCHEMA_VERSION}) == 3


async def test_an_interrupted_migration_continues(service: TicketService) -> None:
    progress = {"_id": f"tickets:{SCHEMA_VERSION}", "after": "T-2"}
    await service.database.migrations.insert_one(progress)

    await service.ticket_migration.run(service)

    assert await numbers_seen_by_requester(service) == ["T-3"]


async def test_a_damaged_ticket_stops_no_migration(service: TicketService) -> None:
    await service.database.tickets.update_one({"_id": "T-2"}, {"$set": {"status": 7}})

    await service.ticket_migration.run(service)

    assert await numbers_seen_by_requester(service) == ["T-3", "T-1"]
    assert await service.ticket_migration.is_done()


async def test_a_second_run_writes_nothing(service: TicketService) -> None:
    await service.ticket_migration.run(service)
    before = await service.database.tickets.find().to_list()

    await service.ticket_migration.run(service)

    assert await service.database.tickets.find().to_list() == before


async def test_resolutions_are_counted_and_old_events_move_to_the_log(
    service: TicketService,
) -> None:
    events = [Event(at=NOON, what="resolved", who="UBOB").model_dump()] * 25
    await service.database.tickets.update_one({"_id": "T-1"}, {"$set": {"history": events}})

    await service.ticket_migration.run(service)

    ticket, _ = await service.tickets.get_ticket("T-1")
    assert ticket.resolve_count == 25
    assert ticket.find_step(Step.ARCHIVE_EVENTS)
