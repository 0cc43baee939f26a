"""The bot's socket to Slack may be refreshed, cut, deaf or one too many: the bot comes back."""

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
MOST_SOCKETS = 10


@pytest.fixture(scope="module")
async def socket_world(servers: DatabaseServers) -> AsyncIterator[tuple[World, MongoProxy]]:
    """A desk that Slack speaks with over a socket, and the wire between its bot and MongoDB."""
    async with MongoProxy(servers.mongodb_uri) as wire:
        told = {"bot": {"MONGODB_URI": wire.uri}}
        async with World(servers=servers, socket_mode=True, env_by_process=told) as world:
            world.slack.has_rate_limits = False
            yield world, wire


@pytest.fixture
def proxy(socket_world: tuple[World, MongoProxy]) -> MongoProxy:
    """The wire between bot and MongoDB."""
    return socket_world[1]


@pytest.fixture
async def world(socket_world: tuple[World, MongoProxy]) -> AsyncIterator[World]:
    """The running desk with nothing in it yet but Bob, who knows VPN."""
    world, wire = socket_world
    await world.reset()
    await set_role_and_skills(
        world.slack, world.personas.grace, world.personas.bob, role="Moderator", skills=["vpn"]
    )
    yield world
    await wire.clear_fault()
    wire.delay_seconds = 0
    if not world.bot.is_alive:
        await world.bot.start()


async def is_back(world: World, *, timeout: float) -> None:
    """Wait until the bot has a socket again on which it hears."""
    sockets = world.slack.sockets
    await world.slack.wait_until(
        lambda: sockets.responsive_count,
        timeout_seconds=timeout,
        waiting_for="the bot to open a socket",
    )


async def ends_well(world: World, number: str) -> None:
    """The ticket is offered to Bob, and all is well."""
    assert await world.personas.bob.wait_for_message("Offered to you")
    await wait_until_no_pending_steps(world)
    assert [ticket["_id"] for ticket in await world.find_documents("tickets")] == [number]
    assert len(world.slack.sockets) == 1
    await check_invariants(world)


async def submits_until_answered(world: World) -> str:
    """Press Submit, and again when Slack says that the app did not answer."""
    ada = world.personas.ada
    for _ in range(_TRIES):
        heard = len(ada.alerts)
        await ada.submit_modal()
        if len(ada.alerts) == heard:
            break
        await is_back(world, timeout=20)
    return receipt_ticket_id(ada)


@pytest.mark.fault("F16")
async def test_a_form_is_answered_on_the_new_socket_when_slack_refreshes_it(
    world: World, proxy: MongoProxy
) -> None:
    ada = world.personas.ada
    await ada.type_text(f"/ticket {TITLE}")

    async def refreshes() -> None:
        await world.slack.sockets.request_disconnect()
        await is_back(world, timeout=2)

    proxy.call_at(refreshes, selector=1, point=FaultPoint.REQUEST)
    await ada.submit_modal()

    assert proxy.faulted_command
    assert ada.alerts == []
    await ends_well(world, receipt_ticket_id(ada))


@pytest.mark.fault("F03", "F16")
async def test_a_form_whose_socket_was_cut_is_found_when_pressed_again(
    world: World, proxy: MongoProxy
) -> None:
    await world.personas.ada.type_text(f"/ticket {TITLE}")
    proxy.call_at(world.slack.sockets.drop_connections, selector=2, point=FaultPoint.REPLY)

    number = await submits_until_answered(world)

    assert proxy.faulted_command
    assert world.personas.ada.alerts
    await ends_well(world, number)


@pytest.mark.fault("F16")
async def test_a_socket_that_was_cut_is_opened_again(world: World) -> None:
    await world.slack.sockets.drop_connections()

    await is_back(world, timeout=10)

    await world.personas.ada.type_text(f"/ticket {TITLE}")
    await ends_well(world, await submits_until_answered(world))


@pytest.mark.fault("F16")
async def test_a_deaf_socket_is_noticed_and_another_is_opened(world: World) -> None:
    world.slack.sockets.stop_responding()

    await is_back(world, timeout=60)

    await world.personas.ada.type_text(f"/ticket {TITLE}")
    await ends_well(world, await submits_until_answered(world))


@pytest.mark.fault("F16", "F92")
async def test_a_socket_that_could_not_be_opened_is_tried_with_a_new_link(world: World) -> None:
    world.slack.sockets.refuse_connections(times=2)
    await world.slack.sockets.drop_connections()

    await is_back(world, timeout=40)
    assert not re.search("ticket=(?!…)", world.bot.log), "a link is in the log"

    await world.personas.ada.type_text(f"/ticket {TITLE}")
    await ends_well(world, await submits_until_answered(world))


@pytest.mark.fault("F10", "F16")
async def test_a_bot_told_to_end_answers_what_came_over_its_socket(
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
    await ends_well(world, number)


@pytest.mark.fault("F17")
async def test_a_bot_that_is_one_too_many_says_so_and_tries_again_later(world: World) -> None:
    await world.bot.stop()
    world.slack.traffic_log.clear()
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        for _ in range(MOST_SOCKETS):
            other = await http.ws_connect(world.slack.sockets.new_url())
            stack.push_async_callback(other.close)
        starting = asyncio.create_task(world.bot.start(timeout_seconds=60))
        asked = world.slack.traffic_log
        await world.slack.wait_until(
            lambda: len(asked.api_calls("apps.connections.open")) > 2, timeout_seconds=30
        )
        first, second, third = [c.at for c in asked.api_calls("apps.connections.open")][:3]
        assert second - first > 1, "it does not wait"
        assert third - second > second - first, "it does not wait longer the second time"
        assert not await is_ready(world)
        assert "too many" in world.bot.current_run_log

    await starting
    # What Slack asks of a socket that is being closed, nobody hears.
    await world.slack.wait_until(lambda: len(world.slack.sockets) == 1)
    await world.personas.ada.type_text(f"/ticket {TITLE}")
    await ends_well(world, await submits_until_answered(world))
