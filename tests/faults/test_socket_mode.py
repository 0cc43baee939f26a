"""The bot's socket to Slack may be refreshed, cut, deaf or one too many: the bot comes back."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import aiohttp
import pytest

from sandbox.servers import Servers
from sandbox.wire import Moment, Wire
from sandbox.world import World
from tests.faults.forging import is_ready
from tests.faults.invariants import check_invariants
from tests.faults.walking import TITLE
from tests.stories.acts import gives, nothing_pends, receipt_of

pytestmark = pytest.mark.long
_TRIES = 3
# https://docs.slack.dev/apis/events-api/using-socket-mode#using-multiple-connections
MOST_SOCKETS = 10


@pytest.fixture(scope="module")
async def wired(servers: Servers) -> AsyncIterator[tuple[World, Wire]]:
    """A desk that Slack speaks with over a socket, and the wire between its bot and MongoDB."""
    async with Wire(servers.mongodb_uri) as wire:
        told = {"bot": {"MONGODB_URI": wire.uri}}
        async with World(servers=servers, socket_mode=True, told=told) as world:
            world.slack.rate_limits = False
            yield world, wire


@pytest.fixture
def wire(wired: tuple[World, Wire]) -> Wire:
    """The wire between bot and MongoDB."""
    return wired[1]


@pytest.fixture
async def world(wired: tuple[World, Wire]) -> AsyncIterator[World]:
    """The running desk with nothing in it yet but Bob, who knows VPN."""
    world, wire = wired
    await world.forget()
    await gives(world.slack, world.cast.grace, world.cast.bob, role="Moderator", skills=["vpn"])
    yield world
    await wire.lets_be()
    wire.delay = 0
    if not world.bot.alive:
        await world.bot.start()


async def is_back(world: World, *, timeout: float) -> None:
    """Wait until the bot has a socket again on which it hears."""
    sockets = world.slack.sockets
    await world.slack.until(
        lambda: sockets.hearing, timeout=timeout, waiting_for="the bot to open a socket"
    )


async def ends_well(world: World, number: str) -> None:
    """The ticket is offered to Bob, and all is well."""
    assert await world.cast.bob.gets_message("Offered to you")
    await nothing_pends(world)
    assert [ticket["_id"] for ticket in await world.documents("tickets")] == [number]
    assert len(world.slack.sockets) == 1
    await check_invariants(world)


async def submits_until_answered(world: World) -> str:
    """Press Submit, and again when Slack says that the app did not answer."""
    ada = world.cast.ada
    for _ in range(_TRIES):
        heard = len(ada.alerts)
        await ada.submits()
        if len(ada.alerts) == heard:
            break
        await is_back(world, timeout=20)
    return receipt_of(ada)


@pytest.mark.fault("F16")
async def test_a_form_is_answered_on_the_new_socket_when_slack_refreshes_it(
    world: World, wire: Wire
) -> None:
    ada = world.cast.ada
    await ada.types(f"/ticket {TITLE}")

    async def refreshes() -> None:
        await world.slack.sockets.disconnect()
        await is_back(world, timeout=2)

    wire.calls(refreshes, at=1, moment=Moment.BEFORE)
    await ada.submits()

    assert wire.struck
    assert ada.alerts == []
    await ends_well(world, receipt_of(ada))


@pytest.mark.fault("F03", "F16")
async def test_a_form_whose_socket_was_cut_is_found_when_pressed_again(
    world: World, wire: Wire
) -> None:
    await world.cast.ada.types(f"/ticket {TITLE}")
    wire.calls(world.slack.sockets.cut, at=2, moment=Moment.AFTER)

    number = await submits_until_answered(world)

    assert wire.struck
    assert world.cast.ada.alerts
    await ends_well(world, number)


@pytest.mark.fault("F16")
async def test_a_socket_that_was_cut_is_opened_again(world: World) -> None:
    await world.slack.sockets.cut()

    await is_back(world, timeout=10)

    await world.cast.ada.types(f"/ticket {TITLE}")
    await ends_well(world, await submits_until_answered(world))


@pytest.mark.fault("F16")
async def test_a_deaf_socket_is_noticed_and_another_is_opened(world: World) -> None:
    world.slack.sockets.go_deaf()

    await is_back(world, timeout=60)

    await world.cast.ada.types(f"/ticket {TITLE}")
    await ends_well(world, await submits_until_answered(world))


@pytest.mark.fault("F16", "F92")
async def test_a_socket_that_could_not_be_opened_is_tried_with_a_new_link(world: World) -> None:
    world.slack.sockets.refuse(times=2)
    await world.slack.sockets.cut()

    await is_back(world, timeout=40)
    assert not re.search("ticket=(?!…)", world.bot.log), "a link is in the log"

    await world.cast.ada.types(f"/ticket {TITLE}")
    await ends_well(world, await submits_until_answered(world))


@pytest.mark.fault("F10", "F16")
async def test_a_bot_told_to_end_answers_what_came_over_its_socket(
    world: World, wire: Wire
) -> None:
    ada = world.cast.ada
    await ada.types(f"/ticket {TITLE}")
    before = len(wire.passed)
    wire.delay = 0.5
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(ada.submits())
        await wire.until(lambda: len(wire.passed) > before)
        await world.bot.stop(timeout=10)

    number = receipt_of(ada)
    assert world.bot.exit_code == 0
    wire.delay = 0
    await world.bot.start()
    await ends_well(world, number)


@pytest.mark.fault("F17")
async def test_a_bot_that_is_one_too_many_says_so_and_tries_again_later(world: World) -> None:
    await world.bot.stop()
    world.slack.journal.clear()
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        for _ in range(MOST_SOCKETS):
            other = await http.ws_connect(world.slack.sockets.url())
            stack.push_async_callback(other.close)
        starting = asyncio.create_task(world.bot.start(timeout=60))
        asked = world.slack.journal
        await world.slack.until(lambda: len(asked.calls("apps.connections.open")) > 2, timeout=30)
        first, second, third = [c.at for c in asked.calls("apps.connections.open")][:3]
        assert second - first > 1, "it does not wait"
        assert third - second > second - first, "it does not wait longer the second time"
        assert not await is_ready(world)
        assert "too many" in world.bot.log_of_this_run

    await starting
    # What Slack asks of a socket that is being closed, nobody hears.
    await world.slack.until(lambda: len(world.slack.sockets) == 1)
    await world.cast.ada.types(f"/ticket {TITLE}")
    await ends_well(world, await submits_until_answered(world))
