"""The stories' stage: the real bot and worker as processes, in a simulated world, and its people.

The desk is started once for signed HTTP and once for Socket Mode; each story finds it empty. By
what way Slack and the bot talk makes no difference to what follows: a few stories try both.
"""

from collections.abc import AsyncIterator

import pytest

from sandbox.cast import Cast
from sandbox.servers import Servers
from sandbox.slack.workspace import Workspace
from sandbox.world import World
from tests.faults.invariants import check_invariants
from tests.stories.acts import gives, settles

HTTP_ONLY = pytest.mark.parametrize("stage", ["http"], indirect=True)


@pytest.fixture(scope="session", params=["http", "socket"])
async def stage(
    request: pytest.FixtureRequest, servers: Servers, sabotage: dict[str, str]
) -> AsyncIterator[World]:
    """The running desk, by HTTP and by Socket Mode."""
    by_socket = request.param == "socket"
    async with World(servers=servers, socket_mode=by_socket, told_all=sabotage) as world:
        world.slack.rate_limits = False
        yield world


@pytest.fixture
async def world(stage: World, request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """The running desk with nothing in it yet; whatever a story has killed runs again after it.

    After a story about a fault all must be as it should.
    """
    await stage.forget()
    yield stage
    for process in (stage.servers.mongo, stage.servers.redis, stage.worker, stage.bot):
        process.thaw()
        if not process.alive:
            await process.start()
    stage.slack.faults.clear()
    await settles(stage)
    if request.node.get_closest_marker("fault"):
        people = (stage.cast.bob, stage.cast.eve, stage.cast.mo)
        await check_invariants(stage, moderated={person.id for person in people})


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
