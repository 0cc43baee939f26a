"""Outages of some minutes, each in a world with its own servers."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import ClientSession

from sandbox.slack.state.faults import ANY_METHOD, Fault
from sandbox.world.world import World
from tests.faults.invariants import check_invariants
from tests.stories.user_actions import open_ticket, set_role_and_skills, wait_until_no_pending_steps

OUTAGE_SECONDS = 120
SLACK_OUTAGE_SECONDS = 600
FLUSHING_SECONDS = 60
FLUSH_INTERVAL_SECONDS = 2
# Longer than the longest pause of an open circuit breaker, a lease and a sweep together.
MAX_RECOVERY_SECONDS = 120
_TICKET_COUNT = 5
# Failed steps are retried with growing delays.
_MAX_PENDING_SECONDS = 300
Outage = Callable[[World], Awaitable[None]]


async def run_outage(outage: Outage) -> None:
    """Run an outage in a new world, and check that everything recovers alone."""
    async with World() as world:
        world.slack.has_rate_limits = False
        await set_role_and_skills(
            world.slack, world.personas.grace, world.personas.bob, role="Moderator", skills=["vpn"]
        )
        await outage(world)
        await check_invariants(world)


async def stop_redis(world: World) -> None:
    """Tickets are stored while Redis is down, and continue when it is back."""
    await world.servers.redis.kill()
    await _open_tickets(world)
    assert await _readyz_status(world) == 503
    await asyncio.sleep(OUTAGE_SECONDS)
    await world.servers.redis.start()
    await _wait_until_all_offered(world)


async def stop_mongodb(world: World) -> None:
    """The form shows an error and keeps the text. A later Submit stores the ticket."""
    ada = world.personas.ada
    await _open_tickets(world)
    await ada.type_text("/ticket VPN is down, at last")
    await world.servers.mongodb.kill()
    await ada.submit_modal()
    assert ada.modal
    assert "Press Submit again" in ada.modal.errors["Title"]
    assert await _readyz_status(world) == 503
    await asyncio.sleep(OUTAGE_SECONDS)
    await world.servers.mongodb.start()
    async with asyncio.timeout(MAX_RECOVERY_SECONDS):
        while ada.modal and ada.modal.errors:
            await ada.submit_modal()
    await ada.close_modal()
    await _wait_until_all_offered(world, ticket_count=_TICKET_COUNT + 1)


async def flush_redis_repeatedly(world: World) -> None:
    """Redis is emptied again and again while tickets come in."""
    flush_task = asyncio.create_task(_flush_repeatedly(world))
    for _ in range(3):
        await _open_tickets(world)
    await flush_task
    await _wait_until_all_offered(world, ticket_count=3 * _TICKET_COUNT)


async def _flush_repeatedly(world: World) -> None:
    for _ in range(FLUSHING_SECONDS // FLUSH_INTERVAL_SECONDS):
        await world.redis.flushall()
        await asyncio.sleep(FLUSH_INTERVAL_SECONDS)


async def fail_all_slack_calls(world: World) -> None:
    """No step dies while Slack is down, and everything is delivered soon after."""
    world.worker.suspend()
    await _open_tickets(world)
    world.slack.faults.add(ANY_METHOD, Fault(status=503))
    world.worker.resume()
    await asyncio.sleep(SLACK_OUTAGE_SECONDS)
    tickets = await world.find_documents("tickets")
    assert [step for ticket in tickets for step in ticket["pending"]]
    assert not [step for ticket in tickets for step in ticket["pending"] if step["dead_since"]]
    world.slack.faults.clear()
    await _wait_until_all_offered(world)


async def _open_tickets(world: World) -> None:
    for number in range(_TICKET_COUNT):
        await open_ticket(world.personas.ada, f"VPN is down, {number}")


async def _wait_until_all_offered(world: World, *, ticket_count: int = _TICKET_COUNT) -> None:
    """Wait until Bob has a card for each ticket and no step is pending."""

    def has_all_offers() -> bool:
        messages = world.personas.bob.messages
        cards = [card for card in messages if "Offered to you" in card.visible_text]
        return len(cards) == ticket_count

    await world.slack.wait_until(
        has_all_offers, timeout_seconds=MAX_RECOVERY_SECONDS, waiting_for=f"{ticket_count} offers"
    )
    async with asyncio.timeout(_MAX_PENDING_SECONDS):
        await wait_until_no_pending_steps(world)


async def _readyz_status(world: World) -> int:
    async with ClientSession() as http, http.get(f"{world.bot_url}/readyz") as answer:
        return answer.status


OUTAGES = (stop_redis, stop_mongodb, flush_redis_repeatedly, fail_all_slack_calls)
