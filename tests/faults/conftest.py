"""Fixtures for fault tests: bot and worker, each connected to MongoDB through a proxy."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from sandbox.services.database_servers import DatabaseServers
from sandbox.services.mongodb_proxy import MongoProxy
from sandbox.world.world import World
from tests.faults.invariants import check_invariants
from tests.faults.ticket_lifecycle import (
    Outcome,
    ProxiedWorld,
    collect_outcome,
    run_ticket_lifecycle,
)
from tests.stories.user_actions import set_role_and_skills


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrize `kill_points`: some points, one test each, or an empty tuple for all points."""
    if "kill_points" in metafunc.fixturenames:
        all_points = metafunc.config.getoption("every", default=False)
        mark = metafunc.definition.get_closest_marker("few")
        points = [] if all_points or mark is None else list(mark.args)
        metafunc.parametrize(
            "kill_points", [(at,) for at in points] or [()], ids=list(map(str, points)) or ["every"]
        )


@pytest.fixture(scope="session")
async def shared_proxied_world(
    servers: DatabaseServers, sabotage_environment: dict[str, str]
) -> AsyncIterator[ProxiedWorld]:
    """A running world. Bob has the skills vpn and okta, Eve only vpn."""
    async with AsyncExitStack() as stack:
        proxies = {
            name: await stack.enter_async_context(MongoProxy(servers.mongodb_uri))
            for name in ("bot", "worker")
        }
        env_by_process = {name: {"MONGODB_URI": proxy.uri} for name, proxy in proxies.items()}
        world = World(
            servers=servers, env_by_process=env_by_process, extra_env=sabotage_environment
        )
        await stack.enter_async_context(world)
        world.slack.has_rate_limits = False
        grace = world.personas.grace
        await set_role_and_skills(
            world.slack, grace, world.personas.bob, role="Moderator", skills=["vpn", "okta"]
        )
        await set_role_and_skills(
            world.slack, grace, world.personas.eve, role="Moderator", skills=["vpn"]
        )
        yield ProxiedWorld(
            world=world, proxies=proxies, members=await world.find_documents("members")
        )


@pytest.fixture
async def proxied_world(shared_proxied_world: ProxiedWorld) -> ProxiedWorld:
    """The running world without tickets."""
    await shared_proxied_world.reset()
    return shared_proxied_world


@pytest.fixture(scope="session")
async def undisturbed_outcome(shared_proxied_world: ProxiedWorld) -> Outcome:
    """The outcome of one ticket without any fault."""
    await shared_proxied_world.reset()
    await run_ticket_lifecycle(shared_proxied_world)
    await check_invariants(shared_proxied_world.world)
    assert len(shared_proxied_world.world.mail.inbox) == 1
    return await collect_outcome(shared_proxied_world.world)
