"""A running desk, the page's server before it, and somebody who speaks HTTP with it."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from sandbox.demo import furnish
from sandbox.page.server import Page
from sandbox.servers import Servers
from sandbox.world import World
from tests.sandbox.page.speaking import Visitor


@pytest.fixture(scope="module")
async def desk(servers: Servers) -> AsyncIterator[World]:
    """The desk, started once."""
    async with World(servers=servers) as world:
        world.slack.rate_limits = False
        yield world


@pytest.fixture
async def world(desk: World) -> AsyncIterator[World]:
    """The desk as `make demo` has it, with no ticket in it yet."""
    await desk.forget()
    await furnish(desk)
    yield desk
    desk.slack.faults.clear()
    if not desk.worker.alive:
        await desk.worker.start()


@pytest.fixture
async def page(world: World) -> AsyncIterator[Page]:
    """The page's server."""
    async with Page(world) as page:
        yield page


@pytest.fixture
async def visitor(page: Page) -> AsyncIterator[Visitor]:
    """Who speaks with it as the page in a browser does."""
    async with aiohttp.ClientSession(page.url) as http:
        yield Visitor(http)
