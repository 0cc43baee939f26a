"""The faults' stage: the real desk with a wire between each of its processes and MongoDB."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from sandbox.servers import Servers
from sandbox.wire import Wire
from sandbox.world import World
from tests.faults.invariants import check_invariants
from tests.faults.walking import Outcome, Stage, outcome, walks
from tests.stories.acts import gives


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`places`: a few, each in a test of its own; or none, which means all of them."""
    if "places" in metafunc.fixturenames:
        every = metafunc.config.getoption("every", default=False)
        mark = metafunc.definition.get_closest_marker("few")
        few = [] if every or mark is None else list(mark.args)
        metafunc.parametrize(
            "places", [(at,) for at in few] or [()], ids=list(map(str, few)) or ["every"]
        )


@pytest.fixture(scope="session")
async def wired(servers: Servers, sabotage: dict[str, str]) -> AsyncIterator[Stage]:
    """The running desk; Bob knows VPN and Okta, Eve only VPN."""
    async with AsyncExitStack() as stack:
        wires = {
            name: await stack.enter_async_context(Wire(servers.mongodb_uri))
            for name in ("bot", "worker")
        }
        told = {name: {"MONGODB_URI": wire.uri} for name, wire in wires.items()}
        world = World(servers=servers, told=told, told_all=sabotage)
        await stack.enter_async_context(world)
        world.slack.rate_limits = False
        grace = world.cast.grace
        await gives(world.slack, grace, world.cast.bob, role="Moderator", skills=["vpn", "okta"])
        await gives(world.slack, grace, world.cast.eve, role="Moderator", skills=["vpn"])
        yield Stage(world=world, wires=wires, members=await world.documents("members"))


@pytest.fixture
async def stage(wired: Stage) -> Stage:
    """The running desk with nothing in it yet."""
    await wired.begins_anew()
    return wired


@pytest.fixture(scope="session")
async def as_usual(wired: Stage) -> Outcome:
    """What comes of a ticket when nothing fails."""
    await wired.begins_anew()
    await walks(wired)
    await check_invariants(wired.world)
    assert len(wired.world.mail.inbox) == 1
    return await outcome(wired.world)
