"""A Slack user group makes moderators, though Slack does not tell who is in it, or the bot ends."""

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
READ = "usergroups.users.list"
# What a machine that is told to end leaves to its processes.
_END_SECONDS = 10


@pytest.fixture
async def world_with_group(servers: DatabaseServers) -> AsyncIterator[tuple[World, Usergroup]]:
    """A desk whose moderators are a user group, with nobody in it yet."""
    async with World(servers=servers) as world:
        group = world.slack.add_usergroup("helpdesk", name="Help")
        await set_guest_policy(world, world.personas.grace, moderators="@helpdesk")
        await reads(world, times=2)
        yield world, group


async def reads(world: World, *, times: int) -> None:
    """Wait until the bot has asked so often who is in the group."""
    calls = world.slack.traffic_log.api_calls
    await world.slack.wait_until(lambda: len(calls(READ)) >= times)


@pytest.mark.fault("F13", "F14")
async def test_a_group_that_was_not_read_is_read_when_the_bot_begins_anew(
    world_with_group: tuple[World, Usergroup],
) -> None:
    """Its events are answered before it is read: that is a question to Slack."""
    world, group = world_with_group
    slack, mo = world.slack, world.personas.mo
    slack.set_usergroup_users(group, users=[mo])
    await wait_for_role(world, mo, "moderator")
    [joined] = slack.traffic_log.deliveries("subteam_members_changed")
    slack.faults.add(READ, Fault(hangs=True))
    known = len(slack.traffic_log.api_calls(READ))
    slack.set_usergroup_users(group, users=[])
    await reads(world, times=known + 1)

    await world.bot.kill()
    slack.faults.clear()
    await world.bot.start()

    await wait_for_role(world, mo, "user")
    known = len(slack.traffic_log.api_calls(READ))
    assert (await slack.resend(joined)).ok
    await reads(world, times=known + 2)
    await wait_for_role(world, mo, "user")
    await check_invariants(world)


@pytest.mark.fault("F10", "F11")
async def test_a_bot_that_slack_does_not_answer_ends_in_time(
    world_with_group: tuple[World, Usergroup],
) -> None:
    world, _ = world_with_group
    world.slack.faults.add(READ, Fault(status=503))
    known = len(world.slack.traffic_log.api_calls(READ))
    await world.bot.stop()
    await world.bot.start()
    await reads(world, times=known + 1)
    assert await is_ready(world)

    await world.bot.stop(timeout_seconds=_END_SECONDS)

    assert world.bot.exit_code == 0
    await world.bot.start()
    await check_invariants(world)
