"""The stories' stage: the real bot and worker as processes, in a simulated world, and its people.

The desk is started once for signed HTTP and once for Socket Mode; each story finds it empty.
"""

from collections.abc import AsyncIterator

import pytest

from sandbox.cast import Cast
from sandbox.servers import Servers
from sandbox.slack.workspace import Workspace
from sandbox.world import World
from tests.stories.acts import gives, settles

HTTP_ONLY = pytest.mark.parametrize("stage", ["http"], indirect=True)


@pytest.fixture(scope="session", params=["http", "socket"])
async def stage(request: pytest.FixtureRequest, servers: Servers) -> AsyncIterator[World]:
    """The running desk, by HTTP and by Socket Mode."""
    async with World(servers=servers, socket_mode=request.param == "socket") as world:
        world.slack.rate_limits = False
        yield world


@pytest.fixture
async def world(stage: World) -> AsyncIterator[World]:
    """The running desk with nothing in it yet; whatever a story has killed runs again after it."""
    await stage.forget()
    yield stage
    for process in (stage.servers.mongo, stage.servers.redis, stage.worker, stage.bot):
        process.thaw()
        if not process.alive:
            await process.start()
    stage.slack.faults.clear()
    await settles(stage)


@pytest.fixture
async def slack(world: World) -> Workspace:
    """The simulated workspace."""
    return world.slack


@pytest.fixture
async def cast(world: World) -> Cast:
    """The people, of whom three are moderators: Bob knows VPN and Okta, Eve VPN, Mo printers."""
    people = world.cast
    for person, skills in (
        (people.bob, ["vpn", "okta"]),
        (people.eve, ["vpn"]),
        (people.mo, ["printer"]),
    ):
        await gives(world.slack, people.grace, person, role="Moderator", skills=skills)
    return people
