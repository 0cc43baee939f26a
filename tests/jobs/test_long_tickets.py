"""A ticket with thousands of events and many hand-overs stays small, and so do its moves."""

from sandbox.services.database_servers import DatabaseServers
from tests.bench.long_tickets import (
    EVENT_COUNT,
    MAX_DOCUMENT_BYTES,
    MAX_UPDATES_PER_MOVE,
    document_size,
    make_long_ticket,
    open_desk,
)


async def test_a_long_ticket_costs_what_a_fresh_one_costs(servers: DatabaseServers) -> None:
    async with open_desk(servers) as desk:
        ticket, max_updates = await make_long_ticket(desk)

        assert ticket.event_count == EVENT_COUNT
        assert len(await desk.services.event_log.events(ticket)) == EVENT_COUNT
        assert await document_size(desk, ticket) < MAX_DOCUMENT_BYTES
        assert max_updates <= MAX_UPDATES_PER_MOVE
