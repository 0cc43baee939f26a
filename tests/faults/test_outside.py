"""Slack, Gemini and the mail server let the desk down, each in its own way."""

import asyncio

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.mail import MailFault
from sandbox.slack.faults import Fault
from sandbox.world import World
from tests.faults.acts import is_an_offer, posts_of
from tests.faults.invariants import check_invariants
from tests.faults.walking import TITLE, Stage, claims, resolves, submits, walks
from tests.stories.acts import nothing_pends, opens_ticket, settles, until_tickets_have

pytestmark = pytest.mark.long
OFFER = "T-1.offer.1"


async def attempts(world: World) -> int:
    """How many attempts have failed of what is pending."""
    tickets = await world.documents("tickets")
    return sum(step["attempts"] for ticket in tickets for step in ticket["pending"])


@pytest.mark.fault("F40")
async def test_who_is_asked_to_wait_waits_and_does_other_things_meanwhile(stage: Stage) -> None:
    world = stage.world
    asked = Fault(status=429, retry_after=5)
    world.slack.faults.add("chat.postMessage", asked, times=1, when=is_an_offer)

    await submits(stage)
    await world.slack.until(lambda: posts_of(world, OFFER))
    await world.mail.until(lambda: world.mail.inbox)
    assert len(posts_of(world, OFFER)) == 1
    assert await attempts(world) == 0
    await claims(stage)
    await stage.settles()

    first, second = posts_of(world, OFFER)
    assert second.at - first.at >= 5
    await check_invariants(world)


@pytest.mark.fault("F42")
async def test_a_message_that_is_taken_without_a_word_is_not_sent_again(stage: Stage) -> None:
    world = stage.world
    world.slack.faults.add(
        "chat.postMessage", Fault(hang=True, after=True), times=1, when=is_an_offer
    )

    await walks(stage)

    assert len(posts_of(world, OFFER)) == 1
    await check_invariants(world)


@pytest.mark.fault("F43")
async def test_who_may_not_look_waits_rather_than_sends_twice(stage: Stage) -> None:
    world = stage.world
    taken = Fault(error="internal_error", after=True)
    world.slack.faults.add("chat.postMessage", taken, times=1, when=is_an_offer)
    denied = Fault(status=429, retry_after=2)
    world.slack.faults.add("conversations.history", denied, times=2)

    await walks(stage)

    assert len(world.slack.journal.calls("conversations.history")) == 3
    assert len(posts_of(world, OFFER)) == 1
    await check_invariants(world)


@pytest.mark.fault("F44")
@pytest.mark.parametrize(
    "error", ["invalid_auth", "token_revoked", "account_inactive", "messages_tab_disabled"]
)
async def test_what_slack_refuses_for_good_is_dead_at_once_and_told_once(
    stage: Stage, error: str
) -> None:
    world = stage.world
    world.slack.faults.add("chat.postMessage", Fault(error=error), when=is_an_offer)

    for number in range(2):
        await opens_ticket(world.cast.ada, f"VPN is down, {number}")
    await until_tickets_have(world, "dead", 2)
    alarm = await world.cast.grace.gets_message("not tried any more")
    await world.mail.until(lambda: len(world.mail.inbox) == 2)

    assert error in alarm.says
    assert [len(posts_of(world, f"T-{n}.offer.1")) for n in (1, 2)] == [1, 1]
    told = [one for one in world.cast.grace.messages if "not tried any more" in one.says]
    assert told == [alarm]
    # What the second ticket asks admins to be told is done, too, before another test begins.
    await settles(world)
    await check_invariants(world)


@pytest.mark.fault("F45")
async def test_a_card_shows_the_newest_though_an_older_drawing_arrives_last(stage: Stage) -> None:
    world, bob = stage.world, stage.world.cast.bob
    await submits(stage)
    await stage.settles()
    for _ in range(2):
        world.slack.faults.add("chat.update", Fault(delay=1.5), times=1)

    await claims(stage)
    await resolves(stage)
    await stage.settles()

    assert "Resolved by" in (await bob.gets_message(TITLE)).says
    await check_invariants(world)


@pytest.mark.fault("F45")
async def test_an_older_drawing_of_unknown_fate_that_arrives_last_is_drawn_over(
    stage: Stage,
) -> None:
    world, bob = stage.world, stage.world.cast.bob
    await submits(stage)
    await stage.settles()
    # The bot's own drawing, right after the click, is the first; the worker's is in time.
    late = Fault(delay=1.5, error="internal_error", after=True)
    world.slack.faults.add("chat.update", late, times=1)

    await claims(stage)
    await resolves(stage)
    await world.slack.until(
        lambda: [
            call for call in world.slack.journal.calls("chat.update") if "internal" in str(call)
        ]
    )
    await bob.gets_message("Resolved by")
    await stage.settles()

    await check_invariants(world)


@pytest.mark.fault("F48")
async def test_a_card_that_somebody_has_deleted_holds_up_nothing(stage: Stage) -> None:
    world, ada = stage.world, stage.world.cast.ada
    await submits(stage)
    await stage.settles()
    [card] = [message for message in ada.messages if TITLE in message.says]
    slack = AsyncWebClient(token=world.slack.bot_token, base_url=world.slack.api_url)
    await slack.chat_delete(channel=card.channel, ts=card.ts)

    await claims(stage)
    await resolves(stage)
    await stage.settles()

    assert await ada.gets_message("Did it help")
    await check_invariants(world)


@pytest.mark.fault("F49")
async def test_notes_of_any_length_fit_on_the_card(stage: Stage) -> None:
    world = stage.world
    world.gemini.answers(
        {
            "category": "Network",
            "priority": "normal",
            "skills": ["vpn"],
            "summary": "long " * 2_000,
            "notes": "*`<!here> " * 2_000,
            "confidence": 1,
        }
    )

    await walks(stage)

    [ticket] = await world.documents("tickets")
    assert ticket["triage"]["engine"] == "gemini"
    await check_invariants(world)


@pytest.mark.fault("F31")
async def test_a_silent_gemini_holds_up_neither_messages_nor_letters(stage: Stage) -> None:
    world = stage.world
    await submits(stage)
    await stage.settles()
    world.gemini.hangs()
    for number in range(10):
        await opens_ticket(world.cast.ada, f"VPN is down, {number}")

    await claims(stage)
    await resolves(stage)
    await world.cast.ada.gets_message("Did it help")
    assert not [t for t in await world.documents("tickets") if t["status"] == "offered"]
    async with asyncio.timeout(60):
        await until_tickets_have(world, "triage.category", 11)
    world.gemini.recovers()
    async with asyncio.timeout(120):
        await nothing_pends(world)

    tickets = await world.documents("tickets")
    assert [ticket["triage"]["engine"] for ticket in tickets] == ["gemini"] + ["builtin"] * 10
    await check_invariants(world)


@pytest.mark.fault("F70")
async def test_a_letter_gets_past_a_server_that_greylists(stage: Stage) -> None:
    world = stage.world
    world.mail.fails(MailFault.GREYLIST, times=2)

    await submits(stage)
    assert await world.cast.bob.gets_message("Offered to you")
    assert world.mail.inbox == []
    await stage.settles()

    assert len(world.mail.inbox) == 1
    await check_invariants(world)


@pytest.mark.fault("F71")
async def test_letters_are_paced_and_those_that_were_too_many_arrive_as_well(stage: Stage) -> None:
    world = stage.world
    world.mail.fails(MailFault.TOO_MANY, times=3)

    for number in range(6):
        await opens_ticket(world.cast.ada, f"VPN is down, {number}")
    await world.mail.until(lambda: len(world.mail.inbox) == 6, timeout=60)

    assert len({letter.message_id for letter in world.mail.inbox}) == 6
    await check_invariants(world)
