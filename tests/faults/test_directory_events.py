"""What Slack tells of people comes late, twice, in the wrong order, or to a bot that dies of it."""

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
# How long after the second try Slack tries for the third time.
_MINUTE = 60


@pytest.fixture
async def world_with_mo(proxied_world: ProxiedWorld) -> AsyncIterator[ProxiedWorld]:
    """The running desk, which knows Mo; whoever left or has another name is as before again."""
    cast = proxied_world.world.personas
    before = [(one, one.member.real_name) for one in (cast.bob, cast.mo)]
    await set_role_and_skills(
        proxied_world.world.slack, cast.grace, cast.mo, role="Moderator", skills=[]
    )
    yield proxied_world
    for person, name in before:
        person.member.real_name, person.member.deleted = name, False


async def known(world: World, person: Person) -> dict[str, Any]:
    """What is stored of somebody."""
    found = await world.database.members.find_one({"slack_id": person.id})
    assert found
    return found


async def acts_on(world: World, person: Person) -> list[str]:
    """What was done to somebody's account."""
    return [act["what"] for act in await world.find_documents("audit") if act["to"] == person.id]


async def heard(world: World, *, times: int) -> None:
    """Wait until events about people have been answered, or not, so many times."""
    await world.slack.wait_until(lambda: len(world.slack.traffic_log.acks(CHANGED)) == times)


async def hears_of(world: World, person: Person, **change: Any) -> TrafficEntry:
    """Change something in Slack, a second after all else, and have the bot answer the event."""
    slack = world.slack
    slack.clock.advance(1)
    before = len(slack.traffic_log.acks(CHANGED))
    slack.update_account(person, **change)
    await heard(world, times=before + 1)
    return slack.traffic_log.deliveries(CHANGED)[-1]


async def again(world: World, entry: TrafficEntry, *, number: int) -> Ack:
    """Slack sends an event once more: the same body, signed anew, with the number of the try."""
    retry = {RETRY: str(number), "X-Slack-Retry-Reason": "http_timeout"}
    headers = (
        {"Content-Type": "application/json"} | world.slack.signature_headers(entry.body) | retry
    )
    return await world.slack.send_raw(entry.body, headers)


@pytest.mark.fault("F13")
@pytest.mark.parametrize("moment", FaultPoint)
async def test_what_a_bot_died_of_is_known_from_slacks_repetition(
    world_with_mo: ProxiedWorld, moment: FaultPoint
) -> None:
    """The bot dies when it writes the news; the second try meets no bot, the third a new one."""
    world, mo, wire = (
        world_with_mo.world,
        world_with_mo.world.personas.mo,
        world_with_mo.proxies["bot"],
    )
    await hears_of(world, mo, real_name="Mo Ito")
    passed = len(wire.counted_commands)
    await hears_of(world, mo, real_name="Mo Suzuki")
    writes = 1 + wire.counted_commands[passed:].index("update")
    world.slack.clock.advance(1)
    death = KillAtMongoMessage(world_with_mo, "bot", at=writes, moment=moment)

    world.slack.update_account(mo, real_name="Mo Yamada")
    await death.wait_for_end()
    await heard(world, times=4)
    assert await death.disarm()
    stored = (await known(world, mo))["name"]
    await world.bot.start()
    world.slack.clock.advance(_MINUTE)
    await heard(world, times=5)

    assert stored == ("Mo Suzuki" if moment is FaultPoint.REQUEST else "Mo Yamada")
    tries = [one.headers.get(RETRY) for one in world.slack.traffic_log.deliveries(CHANGED)]
    assert tries == [None, None, None, "1", "2"]
    assert (await known(world, mo))["name"] == "Mo Yamada"
    await world_with_mo.wait_until_no_pending_steps()
    await check_invariants(world)


@pytest.mark.fault("F14")
async def test_an_older_event_that_comes_late_takes_nothing_back(
    world_with_mo: ProxiedWorld,
) -> None:
    world, mo = world_with_mo.world, world_with_mo.world.personas.mo
    older = await hears_of(world, mo, real_name="Mo Suzuki")
    newer = await hears_of(world, mo, real_name="Mo Yamada")

    acks = [await again(world, entry, number=3) for entry in (newer, older, older)]

    assert all(ack.ok for ack in acks)
    assert (await known(world, mo))["name"] == "Mo Yamada"
    await check_invariants(world)


@pytest.mark.fault("F14")
async def test_who_left_leaves_once_however_often_it_is_told(world_with_mo: ProxiedWorld) -> None:
    world, bob, eve = (
        world_with_mo.world,
        world_with_mo.world.personas.bob,
        world_with_mo.world.personas.eve,
    )
    await submit_ticket(world_with_mo)
    await world_with_mo.wait_until_no_pending_steps()
    await claim_ticket(world_with_mo)
    await world_with_mo.wait_until_no_pending_steps()
    before = await hears_of(world, bob, real_name="Bob Kahn the Second")
    left = await hears_of(world, bob, deleted=True)

    for number, entry in enumerate((left, before, left), start=1):
        assert (await again(world, entry, number=number)).ok

    await eve.wait_for_message("Offered to you")
    await world_with_mo.wait_until_no_pending_steps()
    for entry in (before, left):
        assert (await again(world, entry, number=3)).ok
    await world_with_mo.wait_until_no_pending_steps()
    ticket = await only_ticket(world)
    assert (ticket["status"], ticket["assignee"], ticket["offers"]) == ("offered", eve.id, 2)
    assert not (await known(world, bob))["active"]
    assert await acts_on(world, bob) == ["changed account"]
    await check_invariants(world, former_moderator_ids={bob.id})
