"""The faults' stage: the real desk with a wire between each of its processes and MongoDB."""

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
    """`kill_points`: a few, each in a test of its own; or none, which means all of them."""
    if "kill_points" in metafunc.fixturenames:
        every = metafunc.config.getoption("every", default=False)
        mark = metafunc.definition.get_closest_marker("few")
        few = [] if every or mark is None else list(mark.args)
        metafunc.parametrize(
            "kill_points", [(at,) for at in few] or [()], ids=list(map(str, few)) or ["every"]
        )


@pytest.fixture(scope="session")
async def shared_proxied_world(
    servers: DatabaseServers, sabotage_environment: dict[str, str]
) -> AsyncIterator[ProxiedWorld]:
    """The running desk; Bob knows VPN and Okta, Eve only VPN."""
    async with AsyncExitStack() as stack:
        wires = {
            name: await stack.enter_async_context(MongoProxy(servers.mongodb_uri))
            for name in ("bot", "worker")
        }
        told = {name: {"MONGODB_URI": wire.uri} for name, wire in wires.items()}
        world = World(servers=servers, env_by_process=told, extra_env=sabotage_environment)
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
            world=world, proxies=wires, members=await world.find_documents("members")
        )


@pytest.fixture
async def proxied_world(shared_proxied_world: ProxiedWorld) -> ProxiedWorld:
    """The running desk with nothing in it yet."""
    await shared_proxied_world.reset()
    return shared_proxied_world


@pytest.fixture(scope="session")
async def undisturbed_outcome(shared_proxied_world: ProxiedWorld) -> Outcome:
    """What comes of a ticket when nothing fails."""
    await shared_proxied_world.reset()
    await run_ticket_lifecycle(shared_proxied_world)
    await check_invariants(shared_proxied_world.world)
    assert len(shared_proxied_world.world.mail.inbox) == 1
    return await collect_outcome(shared_proxied_world.world)
