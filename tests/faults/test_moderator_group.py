"""A Slack user group defines the moderators, also when Slack does not answer or the bot stops."""

from collections.abc import AsyncIterator

import pytest

from sandbox.services.database_servers import DatabaseServers
from sandbox.slack.entities.usergroups import Usergroup
from sandbox.slack.state.faults import Fault
from sandbox.world.world import World
from tests.faults.forged_requests import is_ready
from tests.faults.invariants import check_invariants
from tests.stories.user_actions import set_guest_policy, wait_for_role

pytestmark = pytest.mark.long
READ_METHOD = "usergroups.users.list"
# `docker stop` gives a process this long.
_SHUTDOWN_SECONDS = 10


@pytest.fixture
async def world_with_group(servers: DatabaseServers) -> AsyncIterator[tuple[World, Usergroup]]:
    """A world whose moderators are an empty user group."""
    async with World(servers=servers) as world:
        group = world.slack.add_usergroup("helpdesk", name="Help")
        await set_guest_policy(world, world.personas.grace, moderators="@helpdesk")
        await wait_for_reads(world, times=2)
        yield world, group


async def wait_for_reads(world: World, *, times: int) -> None:
    """Wait until the bot has read the members of the group this many times."""
    calls = world.slack.traffic_log.api_calls
    await world.slack.wait_until(lambda: len(calls(READ_METHOD)) >= times)


@pytest.mark.fault("F13", "F14")
async def test_unread_group_is_read_after_a_restart(
    world_with_group: tuple[World, Usergroup],
) -> None:
    """The bot acknowledges an event before it reads the group, because that is a Slack call."""
    world, group = world_with_group
    slack, mo = world.slack, world.personas.mo
    slack.set_usergroup_users(group, users=[mo])
    await wait_for_role(world, mo, "moderator")
    [join_event] = slack.traffic_log.deliveries("subteam_members_changed")
    slack.faults.add(READ_METHOD, Fault(hangs=True))
    read_count = len(slack.traffic_log.api_calls(READ_METHOD))
    slack.set_usergroup_users(group, users=[])
    await wait_for_reads(world, times=read_count + 1)

    await world.bot.kill()
    slack.faults.clear()
    await world.bot.start()

    await wait_for_role(world, mo, "user")
    read_count = len(slack.traffic_log.api_calls(READ_METHOD))
    assert (await slack.resend(join_event)).ok
    await wait_for_reads(world, times=read_count + 2)
    await wait_for_role(world, mo, "user")
    await check_invariants(world)


@pytest.mark.fault("F10", "F11")
async def test_bot_without_answers_from_slack_stops_in_time(
    world_with_group: tuple[World, Usergroup],
) -> None:
    world, _ = world_with_group
    world.slack.faults.add(READ_METHOD, Fault(status=503))
    read_count = len(world.slack.traffic_log.api_calls(READ_METHOD))
    await world.bot.stop()
    await world.bot.start()
    await wait_for_reads(world, times=read_count + 1)
    assert await is_ready(world)

    await world.bot.stop(timeout_seconds=_SHUTDOWN_SECONDS)

    assert world.bot.exit_code == 0
    await world.bot.start()
    await check_invariants(world)
