"""Fixtures of the stories: the real bot and worker as processes, in a simulated world.

Frontdesk starts once with signed HTTP and once with Socket Mode, and each story begins without
data. The transport makes no difference after the request, so only a few stories run with both.
"""

from collections.abc import AsyncIterator

import pytest

from sandbox.services.database_servers import DatabaseServers
from sandbox.slack.workspace import Workspace
from sandbox.world.personas import Personas
from sandbox.world.world import World
from tests.faults.invariants import check_invariants
from tests.stories.user_actions import set_role_and_skills, wait_for_running_steps

HTTP_ONLY = pytest.mark.parametrize("running_world", ["http"], indirect=True)


@pytest.fixture(scope="session", params=["http", "socket"])
async def running_world(
    request: pytest.FixtureRequest, servers: DatabaseServers, sabotage_environment: dict[str, str]
) -> AsyncIterator[World]:
    """Bot and worker, with HTTP and with Socket Mode."""
    socket_mode = request.param == "socket"
    async with World(
        servers=servers, socket_mode=socket_mode, extra_env=sabotage_environment
    ) as world:
        world.slack.has_rate_limits = False
        yield world


@pytest.fixture
async def world(running_world: World, request: pytest.FixtureRequest) -> AsyncIterator[World]:
    """The running world without data; processes that a story kills run again after it.

    After a story about a fault, the fixture checks the invariants.
    """
    await running_world.reset()
    yield running_world
    for process in (
        running_world.servers.mongodb,
        running_world.servers.redis,
        running_world.worker,
        running_world.bot,
    ):
        process.resume()
        if not process.is_alive:
            await process.start()
    running_world.slack.faults.clear()
    await wait_for_running_steps(running_world)
    if request.node.get_closest_marker("fault"):
        people = (running_world.personas.bob, running_world.personas.eve, running_world.personas.mo)
        await check_invariants(running_world, former_moderator_ids={person.id for person in people})


@pytest.fixture
async def slack(world: World) -> Workspace:
    return world.slack


@pytest.fixture
async def personas(world: World) -> Personas:
    """The people; three moderate: Bob has the skills vpn and okta, Eve vpn, Mo printer."""
    people = world.personas
    for person, skills in (
        (people.bob, ["vpn", "okta"]),
        (people.eve, ["vpn"]),
        (people.mo, ["printer"]),
    ):
        await set_role_and_skills(
            world.slack, people.grace, person, role="Moderator", skills=skills
        )
    return people
