"""The sweep beside steps and documents of a newer release: it wakes workers for its own work."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from jobs.runner.sweep import sweep
from models.job_queue.step_queue import job_from_bytes
from models.services import Services, bind
from models.ticket_store.documents import SCHEMA_VERSION
from models.tickets.ticket import Draft, Ticket
from sandbox.services.database_servers import DatabaseServers
from tests.service_factory import run_services

NEWER_STEP = "order_coffee"


@pytest.fixture
async def services(servers: DatabaseServers) -> AsyncIterator[Services]:
    async with run_services(servers) as services:
        yield services


async def open_ticket(services: Services, key: str) -> Ticket:
    draft = Draft(key=key, team_id="T1", requester="UADA", title="VPN is down")
    return await services.ticket_service.open_ticket(draft)


async def pending_of(services: Services, ticket: Ticket) -> list[dict[str, Any]]:
    document = await services.database.tickets.find_one({"_id": ticket.id})
    assert document
    pending: list[dict[str, Any]] = document["pending"]
    return pending


async def change(services: Services, ticket: Ticket, **fields: Any) -> None:
    await services.database.tickets.update_one({"_id": ticket.id}, {"$set": fields})


async def swept_functions(services: Services) -> list[str]:
    """The functions that workers are woken for by one sweep of an empty queue."""
    async with Redis.from_url(services.settings.redis_url.get_secret_value()) as redis:
        await redis.flushdb()
        await bind(sweep, services)()
        keys = [key async for key in redis.scan_iter("arq:job:*")]
        return [job_from_bytes(await redis.get(key))["f"] for key in keys]


async def test_a_step_of_a_newer_release_does_not_hide_a_known_one(services: Services) -> None:
    """A worker drops a wake-up whose function it does not know."""
    ticket = await open_ticket(services, "view:1")
    own_step, *_ = await pending_of(services, ticket)
    await change(services, ticket, pending=[{**own_step, "step": NEWER_STEP}, own_step])

    assert await swept_functions(services) == [own_step["step"]]


async def test_no_worker_is_woken_for_steps_of_a_newer_release_alone(
    services: Services,
) -> None:
    ticket = await open_ticket(services, "view:1")
    own_step, *_ = await pending_of(services, ticket)
    await change(services, ticket, pending=[{**own_step, "step": NEWER_STEP}])

    assert await swept_functions(services) == []


@pytest.mark.parametrize("of_newer_release", ["step", "document"])
async def test_work_of_a_newer_release_takes_no_place_in_the_sweep(
    services: Services, of_newer_release: str
) -> None:
    newer, own = [await open_ticket(services, key) for key in ("view:1", "view:2")]
    [step, *_] = await pending_of(services, newer)
    earlier = step["due"] - timedelta(hours=1)
    due_first = {"due": earlier, "pending": [{**step, "due": earlier, "step": NEWER_STEP}]}
    if of_newer_release == "document":
        due_first = {"due": earlier, "schema": SCHEMA_VERSION + 1}
    await change(services, newer, **due_first)

    tickets, _ = await services.tickets.due_tickets(limit=1)

    assert [ticket.id for ticket in tickets] == [own.id]
