"""A running desk, the page's server before it, and somebody who speaks HTTP with it."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from sandbox.cli.demo import seed_workspace
from sandbox.page.page_server import PageServer
from sandbox.services.database_servers import DatabaseServers
from sandbox.world.world import World
from tests.sandbox.page.page_client import PageClient


@pytest.fixture(scope="module")
async def running_world(servers: DatabaseServers) -> AsyncIterator[World]:
    """The desk, started once."""
    async with World(servers=servers) as world:
        world.slack.has_rate_limits = False
        yield world


@pytest.fixture
async def world(running_world: World) -> AsyncIterator[World]:
    """The desk as `make demo` has it, with no ticket in it yet."""
    await running_world.reset()
    await seed_workspace(running_world)
    yield running_world
    running_world.slack.faults.clear()
    if not running_world.worker.is_alive:
        await running_world.worker.start()


@pytest.fixture
async def page_server(world: World) -> AsyncIterator[PageServer]:
    """The page's server."""
    async with PageServer(world) as page:
        yield page


@pytest.fixture
async def page_client(page_server: PageServer) -> AsyncIterator[PageClient]:
    """Who speaks with it as the page in a browser does."""
    async with aiohttp.ClientSession(page_server.url) as http:
        yield PageClient(http)
