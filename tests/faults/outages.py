"""Minutes in which something is away, in worlds with servers of their own."""

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import ClientSession

from sandbox.slack.faults import EVERY_METHOD, Fault
from sandbox.world import World
from tests.faults.invariants import check_invariants
from tests.stories.acts import gives, nothing_pends, opens_ticket

AWAY_SECONDS = 120
SLACK_AWAY_SECONDS = 600
FLUSHING_SECONDS = 60
FLUSHED_EVERY_SECONDS = 2
# Longer than the longest pause of an open circuit breaker, a lease and a sweep together.
BACK_SECONDS = 120
_TICKETS = 5
# What did not get through meanwhile is tried again with growing pauses.
_SETTLES_SECONDS = 300
Outage = Callable[[World], Awaitable[None]]


async def happens(outage: Outage) -> None:
    """All goes on by itself when it is over."""
    async with World() as world:
        world.slack.rate_limits = False
        await gives(world.slack, world.cast.grace, world.cast.bob, role="Moderator", skills=["vpn"])
        await outage(world)
        await check_invariants(world)


async def redis_is_away(world: World) -> None:
    """Tickets are taken meanwhile, and go on when it is back."""
    await world.servers.redis.kill()
    await _tickets(world)
    assert await _readiness(world) == 503
    await asyncio.sleep(AWAY_SECONDS)
    await world.servers.redis.start()
    await _all_are_offered(world)


async def mongodb_is_away(world: World) -> None:
    """The form says so, and keeps what was typed; pressed again later it is stored."""
    ada = world.cast.ada
    await _tickets(world)
    await ada.types("/ticket VPN is down, at last")
    await world.servers.mongo.kill()
    await ada.submits()
    assert ada.modal
    assert "Press Submit again" in ada.modal.errors["Title"]
    assert await _readiness(world) == 503
    await asyncio.sleep(AWAY_SECONDS)
    await world.servers.mongo.start()
    async with asyncio.timeout(BACK_SECONDS):
        while ada.modal and ada.modal.errors:
            await ada.submits()
    await ada.closes()
    await _all_are_offered(world, tickets=_TICKETS + 1)


async def redis_is_emptied(world: World) -> None:
    """Again and again, while tickets come in."""
    flushing = asyncio.create_task(_flushes(world))
    for _ in range(3):
        await _tickets(world)
    await flushing
    await _all_are_offered(world, tickets=3 * _TICKETS)


async def _flushes(world: World) -> None:
    for _ in range(FLUSHING_SECONDS // FLUSHED_EVERY_SECONDS):
        await world.redis.flushall()
        await asyncio.sleep(FLUSHED_EVERY_SECONDS)


async def slack_is_away(world: World) -> None:
    """No step uses up its attempts, and all is delivered soon after it is back."""
    world.worker.freeze()
    await _tickets(world)
    world.slack.faults.add(EVERY_METHOD, Fault(status=503))
    world.worker.thaw()
    await asyncio.sleep(SLACK_AWAY_SECONDS)
    tickets = await world.documents("tickets")
    assert [step for ticket in tickets for step in ticket["pending"]]
    assert not [step for ticket in tickets for step in ticket["pending"] if step["dead_since"]]
    world.slack.faults.clear()
    await _all_are_offered(world)


async def _tickets(world: World) -> None:
    for number in range(_TICKETS):
        await opens_ticket(world.cast.ada, f"VPN is down, {number}")


async def _all_are_offered(world: World, *, tickets: int = _TICKETS) -> None:
    """Bob has a card for each of them."""

    def offered() -> bool:
        cards = [one for one in world.cast.bob.messages if "Offered to you" in one.says]
        return len(cards) == tickets

    await world.slack.until(offered, timeout=BACK_SECONDS, waiting_for=f"{tickets} offers")
    async with asyncio.timeout(_SETTLES_SECONDS):
        await nothing_pends(world)


async def _readiness(world: World) -> int:
    async with ClientSession() as http, http.get(f"{world.bot_url}/readyz") as answer:
        return answer.status


OUTAGES = (redis_is_away, mongodb_is_away, redis_is_emptied, slack_is_away)
