"""Workers that stand still, are many, or disagree: each thing is done once, and nothing is lost."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress

import pytest
from aiohttp import ClientError, ClientSession

from sandbox.processes import Process
from sandbox.servers import Servers, free_port
from sandbox.slack.faults import Fault
from sandbox.slack.shapes import Json
from sandbox.world import World
from tests.faults.acts import is_an_offer, posts_of, steps_held
from tests.faults.invariants import check_invariants
from tests.faults.walking import Stage, submits
from tests.sabotage.sitecustomize import MINUTES_OFF, SABOTAGE, told
from tests.stories.acts import (
    gives,
    leases_end,
    nothing_pends,
    opens_ticket,
    opens_ticket_at_last,
    until_tickets_have,
)

pytestmark = pytest.mark.long
OFFER = "T-1.offer.1"


@pytest.fixture
async def crowd(stage: Stage) -> AsyncIterator[list[Process]]:
    """Ten more workers, not started yet, gone at the end."""
    workers = [stage.world.new_worker(f"worker-{number}") for number in range(10)]
    yield workers
    await asyncio.gather(*(worker.kill() for worker in workers))


@pytest.mark.fault("F22")
async def test_a_worker_that_stood_still_takes_back_its_copy(
    stage: Stage, crowd: list[Process]
) -> None:
    """It has looked, in vain, for a message of unknown fate; then somebody else sends it."""
    world, [other, *_] = stage.world, crowd
    frozen = asyncio.Event()

    def freezes(_request: Json) -> bool:
        if not frozen.is_set():
            world.worker.freeze()
            frozen.set()
        return False

    world.slack.faults.add(
        "chat.postMessage", Fault(error="internal_error"), times=1, when=is_an_offer
    )
    world.slack.faults.add("conversations.history", Fault(), when=freezes)
    await submits(stage)
    async with asyncio.timeout(20):
        await frozen.wait()

    await leases_end(world)
    await other.start()
    await world.cast.bob.gets_message("Offered to you", timeout=20)
    await nothing_pends(world)
    world.worker.thaw()
    await world.slack.until(lambda: world.slack.journal.calls("chat.delete"), timeout=20)
    await stage.settles()

    assert len(posts_of(world, OFFER)) == 3
    await check_invariants(world, more=[other])


@pytest.mark.fault("F25")
async def test_ten_workers_that_sweep_at_once_do_each_thing_once(
    stage: Stage, crowd: list[Process]
) -> None:
    world = stage.world
    await world.worker.kill()
    for number in range(5):
        await opens_ticket(world.cast.ada, f"VPN is down, {number}")
    await world.redis.flushdb()

    # Each of them sweeps when it starts.
    await asyncio.gather(*(worker.start(timeout=60) for worker in crowd))
    async with asyncio.timeout(60):
        await nothing_pends(world)
    await world.worker.start()

    await check_invariants(world, more=crowd)


@pytest.mark.fault("F28")
async def test_as_much_is_at_work_as_all_workers_can_do(stage: Stage, crowd: list[Process]) -> None:
    """arq looks at so many queued jobs only, those at work among them (its queue_read_limit)."""
    world = stage.world
    await asyncio.gather(*(worker.start(timeout=60) for worker in crowd[:7]))
    world.gemini.hangs()
    # All of it is there before the first of them gives up on Gemini.
    for worker in (world.worker, *crowd[:7]):
        worker.freeze()
    for number in range(150):
        await opens_ticket_at_last(world.cast.ada, f"VPN is down, {number}")
    for worker in (world.worker, *crowd[:7]):
        worker.thaw()
    # Seven workers share two cores, and those with other tests.
    async with asyncio.timeout(150), await world.database.tickets.watch() as changes:
        while await steps_held(world) <= 100:
            await changes.next()

    world.gemini.recovers()
    async with asyncio.timeout(240):
        await until_tickets_have(world, "triage.category", 150)
    # Cards are still being drawn: nothing may go on between a look at them and one at the tickets.
    for worker in (world.worker, *crowd[:7]):
        worker.freeze()
    try:
        await check_invariants(world, more=crowd[:7])
    finally:
        for worker in (world.worker, *crowd[:7]):
            worker.thaw()


@pytest.mark.fault("F29")
@pytest.mark.parametrize("minutes", [-5, 5])
async def test_a_worker_with_a_wrong_clock_is_neither_early_nor_late(
    servers: Servers, minutes: int
) -> None:
    wrong = {"worker": told(**{MINUTES_OFF: str(minutes)})}
    async with World(servers=servers, told=wrong) as world:
        ada, bob, grace = world.cast.ada, world.cast.bob, world.cast.grace
        await gives(world.slack, grace, bob, role="Moderator", skills=["vpn"])
        asked_to_wait = Fault(status=429, retry_after=3)
        world.slack.faults.add("chat.postMessage", asked_to_wait, times=1, when=is_an_offer)

        await opens_ticket(ada, "VPN is down")
        await bob.gets_message("Offered to you", timeout=20)
        async with asyncio.timeout(30):
            await nothing_pends(world)

        first, second = posts_of(world, OFFER)
        assert second.at - first.at >= 3
        await check_invariants(world)


@pytest.mark.fault("F29")
@pytest.mark.parametrize("minutes", [-6, 6])
async def test_a_bot_with_a_wrong_clock_says_so(stage: Stage, minutes: int) -> None:
    world, port = stage.world, str(free_port())

    async def says_so() -> bool:
        with suppress(ClientError):
            async with ClientSession() as http, http.get(f"http://127.0.0.1:{port}/readyz") as said:
                return said.status == 503 and "clock is 3" in await said.text()
        return False

    # Another test may have put Slack's clock forward.
    ahead = (world.slack.clock.now() - world.slack.clock.real_now()) / 60
    env = {**world.environment, **told(**{MINUTES_OFF: str(minutes + ahead)}), "PORT": port}
    argv = [sys.executable, "-m", "bot"]
    bot = Process("late-bot", argv, ready=says_so, folder=world.folder, env=env)
    try:
        await bot.start()
    finally:
        await bot.stop()

    assert bot.exit_code == 0


@pytest.mark.fault("F34")
async def test_a_step_of_a_newer_release_waits_for_a_newer_worker(servers: Servers) -> None:
    async with AsyncExitStack() as stack:
        older_one = {"older": told(**{SABOTAGE: "an older release"})}
        world = await stack.enter_async_context(World(servers=servers, told=older_one))
        older = world.new_worker("older")
        stack.push_async_callback(older.kill)
        ada, bob, grace = world.cast.ada, world.cast.bob, world.cast.grace
        await gives(world.slack, grace, bob, role="Moderator", skills=["vpn"])
        await world.worker.stop()
        await older.start()
        await opens_ticket(ada, "VPN is down")
        await bob.clicks(await bob.gets_message("Offered to you"), "Claim")
        await bob.clicks(await bob.gets_message("You have it"), "Resolve")
        await until_tickets_have(world, "set_aside", 1)

        await opens_ticket(ada, "VPN is slow")
        await bob.gets_message("VPN is slow")
        await older.stop()
        await world.worker.start()

        await ada.gets_message("Did it help", timeout=20)
        await nothing_pends(world)
        await check_invariants(world)
