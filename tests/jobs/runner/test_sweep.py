"""The sweep beside steps and documents of a newer release: it wakes workers for its own work."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from jobs.runner.step_context import StepContext
from jobs.runner.sweep import sweep
from models.job_queue.step_queue import job_from_bytes
from models.ticket_service import TicketService
from models.ticket_store.documents import SCHEMA_VERSION
from models.tickets.ticket import Draft, Ticket
from sandbox.services.database_servers import DatabaseServers
from tests.service_factory import run_service

NEWER_STEP = "order_coffee"


@pytest.fixture
async def service(servers: DatabaseServers) -> AsyncIterator[TicketService]:
    async with run_service(servers) as service:
        yield service


async def open_ticket(service: TicketService, key: str) -> Ticket:
    draft = Draft(key=key, team_id="T1", requester="UADA", title="VPN is down")
    return await service.open_ticket(draft)


async def pending_of(service: TicketService, ticket: Ticket) -> list[dict[str, Any]]:
    document = await service.database.tickets.find_one({"_id": ticket.id})
    assert document
    pending: list[dict[str, Any]] = document["pending"]
    return pending


async def change(service: TicketService, ticket: Ticket, **fields: Any) -> None:
    await service.database.tickets.update_one({"_id": ticket.id}, {"$set": fields})


async def swept_functions(service: TicketService) -> list[str]:
    """The functions that workers are woken for by one sweep of an empty queue."""
    async with Redis.from_url(service.settings.redis_url.get_secret_value()) as redis:
        await redis.flushdb()
        await sweep(StepContext(service, None))
        keys = [key async for key in redis.scan_iter("arq:job:*")]
        return [job_from_bytes(await redis.get(key))["f"] for key in keys]


async def test_a_step_of_a_newer_release_does_not_hide_a_known_one(service: TicketService) -> None:
    """A worker drops a wake-up whose function it does not know."""
    ticket = await open_ticket(service, "view:1")
    own_step, *_ = await pending_of(service, ticket)
    await change(service, ticket, pending=[{**own_step, "step": NEWER_STEP}, own_step])

    assert await swept_functions(service) == [own_step["step"]]


async def test_no_worker_is_woken_for_steps_of_a_newer_release_alone(
    service: TicketService,
) -> None:
    ticket = await open_ticket(service, "view:1")
    own_step, *_ = await pending_of(service, ticket)
    await change(service, ticket, pending=[{**own_step, "step": NEWER_STEP}])

    assert await swept_functions(service) == []


@pytest.mark.parametrize("of_newer_release", ["step", "document"])
async def test_work_of_a_newer_release_takes_no_place_in_the_sweep(
    service: TicketService, of_newer_release: str
) -> None:
    newer, own = [await open_ticket(service, key) for key in ("view:1", "view:2")]
    [step, *_] = await pending_of(service, newer)
    earlier = step["due"] - timedelta(hours=1)
    due_first = {"due": earlier, "pending": [{**step, "due": earlier, "step": NEWER_STEP}]}
    if of_newer_release == "document":
        due_first = {"due": earlier, "schema": SCHEMA_VERSION + 1}
    await change(service, newer, **due_first)

    tickets, _ = await service.tickets.due_tickets(limit=1)

    assert [ticket.id for ticket in tickets] == [own.id]
