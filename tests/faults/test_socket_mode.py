"""The bot's socket to Slack is refreshed, cut, silent or refused, and the bot reconnects."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import aiohttp
import pytest

from sandbox.services.database_servers import DatabaseServers
from sandbox.services.mongodb_proxy import FaultPoint, MongoProxy
from sandbox.world.world import World
from tests.faults.forged_requests import is_ready
from tests.faults.invariants import check_invariants
from tests.faults.ticket_lifecycle import TITLE
from tests.stories.user_actions import (
    receipt_ticket_id,
    set_role_and_skills,
    wait_until_no_pending_steps,
)

pytestmark = pytest.mark.long
_TRIES = 3
# https://docs.slack.dev/apis/events-api/using-socket-mode#using-multiple-connections
MAX_SOCKETS = 10


@pytest.fixture(scope="module")
async def socket_world(servers: DatabaseServers) -> AsyncIterator[tuple[World, MongoProxy]]:
    """A world in Socket Mode, and the proxy between its bot and MongoDB."""
    async with MongoProxy(servers.mongodb_uri) as proxy:
        env_by_process = {"bot": {"MONGODB_URI": proxy.uri}}
        async with World(servers=servers, socket_mode=True, env_by_process=env_by_process) as world:
            world.slack.has_rate_limits = False
            yield world, proxy


@pytest.fixture
def proxy(socket_world: tuple[World, MongoProxy]) -> MongoProxy:
    return socket_world[1]


@pytest.fixture
async def world(socket_world: tuple[World, MongoProxy]) -> AsyncIterator[World]:
    """The running world without tickets. Bob is a moderator with the skill vpn."""
    world, proxy = socket_world
    await world.reset()
    await set_role_and_skills(
        world.slack, world.personas.grace, world.personas.bob, role="Moderator", skills=["vpn"]
    )
    yield world
    await proxy.clear_fault()
    proxy.delay_seconds = 0
    if not world.bot.is_alive:
        await world.bot.start()


async def wait_for_socket(world: World, *, timeout: float) -> None:
    """Wait until the bot has a socket that works."""
    sockets = world.slack.sockets
    await world.slack.wait_until(
        lambda: sockets.responsive_count,
        timeout_seconds=timeout,
        waiting_for="the bot to open a socket",
    )


async def check_offered(world: World, number: str) -> None:
    """Wait for the offer to Bob, then check the ticket, the socket and the invariants."""
    assert await world.personas.bob.wait_for_message("Offered to you")
    await wait_until_no_pending_steps(world)
    assert [ticket["_id"] for ticket in await world.find_documents("tickets")] == [number]
    assert len(world.slack.sockets) == 1
    await check_invariants(world)


async def submit_until_answered(world: World) -> str:
    """Press Submit, and again if Slack reports that the app did not answer."""
    ada = world.personas.ada
    for _ in range(_TRIES):
        alert_count = len(ada.alerts)
        await ada.submit_modal()
        if len(ada.alerts) == alert_count:
            break
        await wait_for_socket(world, timeout=20)
    return receipt_ticket_id(ada)


@pytest.mark.fault("F16")
async def test_form_is_answered_while_slack_refreshes_the_socket(
    world: World, proxy: MongoProxy
) -> None:
    ada = world.personas.ada
    await ada.type_text(f"/ticket {TITLE}")

    async def refresh_socket() -> None:
        await world.slack.sockets.request_disconnect()
        await wait_for_socket(world, timeout=2)

    proxy.call_at(refresh_socket, selector=1, point=FaultPoint.REQUEST)
    await ada.submit_modal()

    assert proxy.faulted_command
    assert ada.alerts == []
    await check_offered(world, receipt_ticket_id(ada))


@pytest.mark.fault("F03", "F16")
async def test_form_on_a_cut_socket_makes_one_ticket(world: World, proxy: MongoProxy) -> None:
    await world.personas.ada.type_text(f"/ticket {TITLE}")
    proxy.call_at(world.slack.sockets.drop_connections, selector=2, point=FaultPoint.REPLY)

    number = await submit_until_answered(world)

    assert proxy.faulted_command
    assert world.personas.ada.alerts
    await check_offered(world, number)


@pytest.mark.fault("F16")
async def test_bot_reopens_a_cut_socket(world: World) -> None:
    await world.slack.sockets.drop_connections()

    await wait_for_socket(world, timeout=10)

    await world.personas.ada.type_text(f"/ticket {TITLE}")
    await check_offered(world, await submit_until_answered(world))


@pytest.mark.fault("F16")
async def test_bot_replaces_a_silent_socket(world: World) -> None:
    world.slack.sockets.stop_responding()

    await wait_for_socket(world, timeout=60)

    await world.personas.ada.type_text(f"/ticket {TITLE}")
    await check_offered(world, await submit_until_answered(world))


@pytest.mark.fault("F16", "F92")
async def test_bot_retries_a_refused_socket_with_a_new_url(world: World) -> None:
    world.slack.sockets.refuse_connections(times=2)
    await world.slack.sockets.drop_connections()

    await wait_for_socket(world, timeout=40)
    assert not re.search("ticket=(?!…)", world.bot.log), "a link is in the log"

    await world.personas.ada.type_text(f"/ticket {TITLE}")
    await check_offered(world, await submit_until_answered(world))


@pytest.mark.fault("F10", "F16")
async def test_stopping_bot_answers_the_request_on_its_socket(
    world: World, proxy: MongoProxy
) -> None:
    ada = world.personas.ada
    await ada.type_text(f"/ticket {TITLE}")
    before = len(proxy.counted_commands)
    proxy.delay_seconds = 0.5
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(ada.submit_modal())
        await proxy.wait_until(lambda: len(proxy.counted_commands) > before)
        await world.bot.stop(timeout_seconds=10)

    number = receipt_ticket_id(ada)
    assert world.bot.exit_code == 0
    proxy.delay_seconds = 0
    await world.bot.start()
    await check_offered(world, number)


@pytest.mark.fault("F17")
async def test_bot_over_the_socket_limit_reports_it_and_retries(world: World) -> None:
    await world.bot.stop()
    world.slack.traffic_log.clear()
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        for _ in range(MAX_SOCKETS):
            other_socket = await http.ws_connect(world.slack.sockets.new_url())
            stack.push_async_callback(other_socket.close)
        start_task = asyncio.create_task(world.bot.start(timeout_seconds=60))
        log = world.slack.traffic_log
        await world.slack.wait_until(
            lambda: len(log.api_calls("apps.connections.open")) > 2, timeout_seconds=30
        )
        first, second, third = [call.at for call in log.api_calls("apps.connections.open")][:3]
        assert second - first > 1, "the bot does not wait"
        assert third - second > second - first, "the bot does not wait longer the second time"
        assert not await is_ready(world)
        assert "too many" in world.bot.current_run_log

    await start_task
    # A request over a socket that is closing would get lost.
    await world.slack.wait_until(lambda: len(world.slack.sockets) == 1)
    await world.personas.ada.type_text(f"/ticket {TITLE}")
    await check_offered(world, await submit_until_answered(world))
