"""What Slack tells of people comes late, twice, in the wrong order, or to a bot that dies of it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from sandbox.slack.delivery import Ack
from sandbox.slack.journal import Entry
from sandbox.slack.person import Person
from sandbox.wire import Moment
from sandbox.world import World
from tests.faults.dying import AtMessage
from tests.faults.forging import only_ticket
from tests.faults.invariants import check_invariants
from tests.faults.walking import Stage, claims, submits
from tests.stories.acts import gives

pytestmark = pytest.mark.long
CHANGED, RETRY = "user_change", "X-Slack-Retry-Num"
# How long after the second try Slack tries for the third time.
_MINUTE = 60


@pytest.fixture
async def people(stage: Stage) -> AsyncIterator[Stage]:
    """The running desk, which knows Mo; whoever left or has another name is as before again."""
    cast = stage.world.cast
    before = [(one, one.member.real_name) for one in (cast.bob, cast.mo)]
    await gives(stage.world.slack, cast.grace, cast.mo, role="Moderator", skills=[])
    yield stage
    for person, name in before:
        person.member.real_name, person.member.deleted = name, False


async def known(world: World, person: Person) -> dict[str, Any]:
    """What is stored of somebody."""
    found = await world.database.members.find_one({"slack_id": person.id})
    assert found
    return found


async def acts_on(world: World, person: Person) -> list[str]:
    """What was done to somebody's account."""
    return [act["what"] for act in await world.documents("audit") if act["to"] == person.id]


async def heard(world: World, *, times: int) -> None:
    """Wait until events about people have been answered, or not, so many times."""
    await world.slack.until(lambda: len(world.slack.journal.acks(CHANGED)) == times)


async def hears_of(world: World, person: Person, **change: Any) -> Entry:
    """Change something in Slack, a second after all else, and have the bot answer the event."""
    slack = world.slack
    slack.clock.advance(1)
    before = len(slack.journal.acks(CHANGED))
    slack.change(person, **change)
    await heard(world, times=before + 1)
    return slack.journal.deliveries(CHANGED)[-1]


async def again(world: World, entry: Entry, *, number: int) -> Ack:
    """Slack sends an event once more: the same body, signed anew, with the number of the try."""
    retry = {RETRY: str(number), "X-Slack-Retry-Reason": "http_timeout"}
    headers = {"Content-Type": "application/json"} | world.slack.sign(entry.body) | retry
    return await world.slack.deliver_raw(entry.body, headers)


@pytest.mark.fault("F13")
@pytest.mark.parametrize("moment", Moment)
async def test_what_a_bot_died_of_is_known_from_slacks_repetition(
    people: Stage, moment: Moment
) -> None:
    """The bot dies when it writes the news; the second try meets no bot, the third a new one."""
    world, mo, wire = people.world, people.world.cast.mo, people.wires["bot"]
    await hears_of(world, mo, real_name="Mo Ito")
    passed = len(wire.passed)
    await hears_of(world, mo, real_name="Mo Suzuki")
    writes = 1 + wire.passed[passed:].index("update")
    world.slack.clock.advance(1)
    death = AtMessage(people, "bot", at=writes, moment=moment)

    world.slack.change(mo, real_name="Mo Yamada")
    await death.comes()
    await heard(world, times=4)
    assert await death.is_over()
    stored = (await known(world, mo))["name"]
    await world.bot.start()
    world.slack.clock.advance(_MINUTE)
    await heard(world, times=5)

    assert stored == ("Mo Suzuki" if moment is Moment.BEFORE else "Mo Yamada")
    tries = [one.headers.get(RETRY) for one in world.slack.journal.deliveries(CHANGED)]
    assert tries == [None, None, None, "1", "2"]
    assert (await known(world, mo))["name"] == "Mo Yamada"
    await people.settles()
    await check_invariants(world)


@pytest.mark.fault("F14")
async def test_an_older_event_that_comes_late_takes_nothing_back(people: Stage) -> None:
    world, mo = people.world, people.world.cast.mo
    older = await hears_of(world, mo, real_name="Mo Suzuki")
    newer = await hears_of(world, mo, real_name="Mo Yamada")

    acks = [await again(world, entry, number=3) for entry in (newer, older, older)]

    assert all(ack.ok for ack in acks)
    assert (await known(world, mo))["name"] == "Mo Yamada"
    await check_invariants(world)


@pytest.mark.fault("F14")
async def test_who_left_leaves_once_however_often_it_is_told(people: Stage) -> None:
    world, bob, eve = people.world, people.world.cast.bob, people.world.cast.eve
    await submits(people)
    await people.settles()
    await claims(people)
    await people.settles()
    before = await hears_of(world, bob, real_name="Bob Kahn the Second")
    left = await hears_of(world, bob, deleted=True)

    for number, entry in enumerate((left, before, left), start=1):
        assert (await again(world, entry, number=number)).ok

    await eve.gets_message("Offered to you")
    await people.settles()
    for entry in (before, left):
        assert (await again(world, entry, number=3)).ok
    await people.settles()
    ticket = await only_ticket(world)
    assert (ticket["status"], ticket["assignee"], ticket["offers"]) == ("offered", eve.id, 2)
    assert not (await known(world, bob))["active"]
    assert await acts_on(world, bob) == ["changed account"]
    await check_invariants(world, moderated={bob.id})
