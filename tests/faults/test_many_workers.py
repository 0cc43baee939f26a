"""Workers that hang, are many, or differ in clock and release: each effect happens once."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress

import pytest
from aiohttp import ClientError, ClientSession

from sandbox.services.database_servers import DatabaseServers, find_free_port
from sandbox.services.processes import Process
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.state.faults import Fault
from sandbox.world.world import World
from tests.faults.invariants import check_invariants
from tests.faults.probes import count_leased_steps, is_offer, posts_of_notice
from tests.faults.ticket_lifecycle import ProxiedWorld, submit_ticket
from tests.sabotage.sitecustomize import CLOCK_OFFSET_VARIABLE, SABOTAGE_VARIABLE, hook_environment
from tests.stories.user_actions import (
    expire_leases,
    open_ticket,
    open_ticket_with_retries,
    set_role_and_skills,
    wait_for_tickets_with_field,
    wait_until_no_pending_steps,
)

pytestmark = pytest.mark.long
OFFER = "T-1.offer.1"


@pytest.fixture
async def extra_workers(proxied_world: ProxiedWorld) -> AsyncIterator[list[Process]]:
    """Ten more workers, not started yet, killed at the end."""
    workers = [proxied_world.world.new_worker(f"worker-{number}") for number in range(10)]
    yield workers
    await asyncio.gather(*(worker.kill() for worker in workers))


@pytest.mark.fault("F22")
async def test_worker_that_hung_deletes_its_duplicate_message(
    proxied_world: ProxiedWorld, extra_workers: list[Process]
) -> None:
    """It has searched for a message with an unknown outcome. Then another worker sends it."""
    world, [other_worker, *_] = proxied_world.world, extra_workers
    suspended = asyncio.Event()

    def suspend_worker(_request: Json) -> bool:
        if not suspended.is_set():
            world.worker.suspend()
            suspended.set()
        return False

    world.slack.faults.add(
        "chat.postMessage", Fault(error="internal_error"), times=1, request_filter=is_offer
    )
    world.slack.faults.add("conversations.history", Fault(), request_filter=suspend_worker)
    await submit_ticket(proxied_world)
    async with asyncio.timeout(20):
        await suspended.wait()

    await expire_leases(world)
    await other_worker.start()
    await world.personas.bob.wait_for_message("Offered to you", timeout_seconds=20)
    await wait_until_no_pending_steps(world)
    world.worker.resume()
    await world.slack.wait_until(
        lambda: world.slack.traffic_log.api_calls("chat.delete"), timeout_seconds=20
    )
    await proxied_world.wait_until_no_pending_steps()

    assert len(posts_of_notice(world, OFFER)) == 3
    await check_invariants(world, more_processes=[other_worker])


@pytest.mark.fault("F25")
async def test_ten_workers_that_sweep_together_run_each_step_once(
    proxied_world: ProxiedWorld, extra_workers: list[Process]
) -> None:
    world = proxied_world.world
    await world.worker.kill()
    for number in range(5):
        await open_ticket(world.personas.ada, f"VPN is down, {number}")
    await world.redis.flushdb()

    # Each worker sweeps when it starts.
    await asyncio.gather(*(worker.start(timeout_seconds=60) for worker in extra_workers))
    async with asyncio.timeout(60):
        await wait_until_no_pending_steps(world)
    await world.worker.start()

    await check_invariants(world, more_processes=extra_workers)


@pytest.mark.fault("F28")
async def test_all_workers_are_busy_with_a_long_queue(
    proxied_world: ProxiedWorld, extra_workers: list[Process]
) -> None:
    """arq reads only `queue_read_limit` queued jobs at a time, running jobs included."""
    world = proxied_world.world
    await asyncio.gather(*(worker.start(timeout_seconds=60) for worker in extra_workers[:7]))
    world.gemini.hang()
    # All tickets must be stored before the first worker gives up on Gemini.
    for worker in (world.worker, *extra_workers[:7]):
        worker.suspend()
    for number in range(150):
        await open_ticket_with_retries(world.personas.ada, f"VPN is down, {number}")
    for worker in (world.worker, *extra_workers[:7]):
        worker.resume()
    # Eight workers share two cores with other tests.
    async with asyncio.timeout(150), await world.database.tickets.watch() as changes:
        while await count_leased_steps(world) <= 100:
            await changes.next()

    world.gemini.recover()
    async with asyncio.timeout(240):
        await wait_for_tickets_with_field(world, "triage.category", 150)
    # Workers still redraw cards. They must pause while cards and tickets are compared.
    for worker in (world.worker, *extra_workers[:7]):
        worker.suspend()
    try:
        await check_invariants(world, more_processes=extra_workers[:7])
    finally:
        for worker in (world.worker, *extra_workers[:7]):
            worker.resume()


@pytest.mark.fault("F29")
@pytest.mark.parametrize("minutes", [-5, 5])
async def test_worker_with_a_wrong_clock_runs_steps_on_time(
    servers: DatabaseServers, minutes: int
) -> None:
    wrong_clock = {"worker": hook_environment(**{CLOCK_OFFSET_VARIABLE: str(minutes)})}
    async with World(servers=servers, env_by_process=wrong_clock) as world:
        ada, bob, grace = world.personas.ada, world.personas.bob, world.personas.grace
        await set_role_and_skills(world.slack, grace, bob, role="Moderator", skills=["vpn"])
        rate_limit = Fault(status=429, retry_after_seconds=3)
        world.slack.faults.add("chat.postMessage", rate_limit, times=1, request_filter=is_offer)

        await open_ticket(ada, "VPN is down")
        await bob.wait_for_message("Offered to you", timeout_seconds=20)
        async with asyncio.timeout(30):
            await wait_until_no_pending_steps(world)

        first, second = posts_of_notice(world, OFFER)
        assert second.at - first.at >= 3
        await check_invariants(world)


@pytest.mark.fault("F29")
@pytest.mark.parametrize("minutes", [-6, 6])
async def test_bot_with_a_wrong_clock_reports_it(proxied_world: ProxiedWorld, minutes: int) -> None:
    world, port = proxied_world.world, str(find_free_port())

    async def reports_clock() -> bool:
        with suppress(ClientError):
            async with (
                ClientSession() as http,
                http.get(f"http://127.0.0.1:{port}/readyz") as answer,
            ):
                return answer.status == 503 and "clock is 3" in await answer.text()
        return False

    # Another test may have put Slack's clock forward.
    minutes_ahead = (world.slack.clock.now() - world.slack.clock.real_now()) / 60
    env = {
        **world.environment,
        **hook_environment(**{CLOCK_OFFSET_VARIABLE: str(minutes + minutes_ahead)}),
        "PORT": port,
    }
    argv = [sys.executable, "-m", "bot"]
    bot = Process("late-bot", argv, is_ready=reports_clock, folder=world.folder, env=env)
    try:
        await bot.start()
    finally:
        await bot.stop()

    assert bot.exit_code == 0


@pytest.mark.fault("F34")
async def test_step_of_a_newer_release_waits_for_a_newer_worker(servers: DatabaseServers) -> None:
    async with AsyncExitStack() as stack:
        older_release = {"older": hook_environment(**{SABOTAGE_VARIABLE: "older release"})}
        world = await stack.enter_async_context(
            World(servers=servers, env_by_process=older_release)
        )
        older_worker = world.new_worker("older")
        stack.push_async_callback(older_worker.kill)
        ada, bob, grace = world.personas.ada, world.personas.bob, world.personas.grace
        await set_role_and_skills(world.slack, grace, bob, role="Moderator", skills=["vpn"])
        await world.worker.stop()
        await older_worker.start()
        await open_ticket(ada, "VPN is down")
        await bob.click(await bob.wait_for_message("Offered to you"), "Claim")
        await bob.click(await bob.wait_for_message("You have it"), "Resolve")
        await wait_for_tickets_with_field(world, "set_aside", 1)

        await open_ticket(ada, "VPN is slow")
        await bob.wait_for_message("VPN is slow")
        await older_worker.stop()
        await world.worker.start()

        await ada.wait_for_message("Did this solve it", timeout_seconds=20)
        await wait_until_no_pending_steps(world)
        await check_invariants(world)
