"""Fixtures: running Frontdesk, the page's server, and its HTTP client."""

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
    async with World(servers=servers) as world:
        world.slack.has_rate_limits = False
        yield world


@pytest.fixture
async def world(running_world: World) -> AsyncIterator[World]:
    """Frontdesk as after `make demo`, without tickets."""
    await running_world.reset()
    await seed_workspace(running_world)
    yield running_world
    running_world.slack.faults.clear()
    for process in (running_world.bot, running_world.worker):
        if not process.is_alive:
            await process.start()


@pytest.fixture
async def page_server(world: World) -> AsyncIterator[PageServer]:
    async with PageServer(world) as page:
        yield page


@pytest.fixture
async def page_client(page_server: PageServer) -> AsyncIterator[PageClient]:
    """A client that sends the page's requests."""
    async with aiohttp.ClientSession(page_server.url) as http:
        yield PageClient(http)
