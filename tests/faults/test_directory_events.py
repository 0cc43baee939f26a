"""Events about people come late, twice, in the wrong order, or kill the bot."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from sandbox.services.mongodb_proxy import FaultPoint
from sandbox.slack.actors.person import Person
from sandbox.slack.delivery.delivery import Ack
from sandbox.slack.state.traffic_log import TrafficEntry
from sandbox.world.world import World
from tests.faults.forged_requests import only_ticket
from tests.faults.invariants import check_invariants
from tests.faults.process_kills import KillAtMongoMessage
from tests.faults.ticket_lifecycle import ProxiedWorld, claim_ticket, submit_ticket
from tests.stories.user_actions import set_role_and_skills

pytestmark = pytest.mark.long
CHANGED, RETRY = "user_change", "X-Slack-Retry-Num"
# Slack sends an event for the third time one minute after the second.
_SECOND_RETRY_SECONDS = 60


@pytest.fixture
async def world_with_mo(proxied_world: ProxiedWorld) -> AsyncIterator[ProxiedWorld]:
    """A running world that has Mo as a member. Names and accounts are restored afterwards."""
    cast = proxied_world.world.personas
    names_before = [(person, person.member.real_name) for person in (cast.bob, cast.mo)]
    await set_role_and_skills(
        proxied_world.world.slack, cast.grace, cast.mo, role="Moderator", skills=[]
    )
    yield proxied_world
    for person, name in names_before:
        person.member.real_name, person.member.deleted = name, False


async def stored_member(world: World, person: Person) -> dict[str, Any]:
    """The stored document of a person."""
    document = await world.database.members.find_one({"slack_id": person.id})
    assert document
    return document


async def audit_verbs(world: World, person: Person) -> list[str]:
    """The audit log verbs about a person."""
    entries = await world.find_documents("audit")
    return [entry["what"] for entry in entries if entry["to"] == person.id]


async def wait_for_acks(world: World, *, times: int) -> None:
    """Wait until this number of events about people has an answer or has failed."""
    await world.slack.wait_until(lambda: len(world.slack.traffic_log.acks(CHANGED)) == times)


async def change_account(world: World, person: Person, **change: Any) -> TrafficEntry:
    """Change an account in Slack one second later, and wait for the bot's answer to the event."""
    slack = world.slack
    slack.clock.advance(1)
    ack_count = len(slack.traffic_log.acks(CHANGED))
    slack.update_account(person, **change)
    await wait_for_acks(world, times=ack_count + 1)
    return slack.traffic_log.deliveries(CHANGED)[-1]


async def resend(world: World, entry: TrafficEntry, *, number: int) -> Ack:
    """Send an event again: the same body, a new signature, and the number of the retry."""
    retry = {RETRY: str(number), "X-Slack-Retry-Reason": "http_timeout"}
    headers = (
        {"Content-Type": "application/json"} | world.slack.signature_headers(entry.body) | retry
    )
    return await world.slack.send_raw(entry.body, headers)


@pytest.mark.fault("F13")
@pytest.mark.parametrize("moment", FaultPoint)
async def test_event_that_killed_the_bot_is_stored_after_slacks_retry(
    world_with_mo: ProxiedWorld, moment: FaultPoint
) -> None:
    """The bot dies when it stores the event. The second try finds no bot, the third a new one."""
    world, mo, proxy = (
        world_with_mo.world,
        world_with_mo.world.personas.mo,
        world_with_mo.proxies["bot"],
    )
    await change_account(world, mo, real_name="Mo Ito")
    command_count = len(proxy.counted_commands)
    await change_account(world, mo, real_name="Mo Suzuki")
    write_number = 1 + proxy.counted_commands[command_count:].index("update")
    world.slack.clock.advance(1)
    kill = KillAtMongoMessage(world_with_mo, "bot", at=write_number, moment=moment)

    world.slack.update_account(mo, real_name="Mo Yamada")
    await kill.wait_for_end()
    await wait_for_acks(world, times=4)
    assert await kill.disarm()
    stored_name = (await stored_member(world, mo))["name"]
    await world.bot.start()
    world.slack.clock.advance(_SECOND_RETRY_SECONDS)
    await wait_for_acks(world, times=5)

    assert stored_name == ("Mo Suzuki" if moment is FaultPoint.REQUEST else "Mo Yamada")
    retry_numbers = [
        delivery.headers.get(RETRY) for delivery in world.slack.traffic_log.deliveries(CHANGED)
    ]
    assert retry_numbers == [None, None, None, "1", "2"]
    assert (await stored_member(world, mo))["name"] == "Mo Yamada"
    await world_with_mo.wait_until_no_pending_steps()
    await check_invariants(world)


@pytest.mark.fault("F14")
async def test_late_older_event_overwrites_nothing(
    world_with_mo: ProxiedWorld,
) -> None:
    world, mo = world_with_mo.world, world_with_mo.world.personas.mo
    older = await change_account(world, mo, real_name="Mo Suzuki")
    newer = await change_account(world, mo, real_name="Mo Yamada")

    acks = [await resend(world, entry, number=3) for entry in (newer, older, older)]

    assert all(ack.ok for ack in acks)
    assert (await stored_member(world, mo))["name"] == "Mo Yamada"
    await check_invariants(world)


@pytest.mark.fault("F14")
async def test_repeated_deactivation_acts_once(world_with_mo: ProxiedWorld) -> None:
    world, bob, eve = (
        world_with_mo.world,
        world_with_mo.world.personas.bob,
        world_with_mo.world.personas.eve,
    )
    await submit_ticket(world_with_mo)
    await world_with_mo.wait_until_no_pending_steps()
    await claim_ticket(world_with_mo)
    await world_with_mo.wait_until_no_pending_steps()
    earlier_event = await change_account(world, bob, real_name="Bob Kahn the Second")
    deactivation = await change_account(world, bob, deleted=True)

    for number, entry in enumerate((deactivation, earlier_event, deactivation), start=1):
        assert (await resend(world, entry, number=number)).ok

    await eve.wait_for_message("Offered to you")
    await world_with_mo.wait_until_no_pending_steps()
    for entry in (earlier_event, deactivation):
        assert (await resend(world, entry, number=3)).ok
    await world_with_mo.wait_until_no_pending_steps()
    ticket = await only_ticket(world)
    assert (ticket["status"], ticket["assignee"], ticket["offers"]) == ("offered", eve.id, 2)
    assert not (await stored_member(world, bob))["active"]
    assert await audit_verbs(world, bob) == ["changed account"]
    await check_invariants(world, former_moderator_ids={bob.id})
