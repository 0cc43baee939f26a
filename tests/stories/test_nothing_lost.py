"""Killing the worker anywhere, or emptying Redis, only delays a ticket; everybody is told once.

Where a killed worker holds a lease, the story does not wait half a minute for it to end: it moves
the due time in MongoDB to the present, as the passing of time would.
"""

from typing import Any

import pytest
from pymongo.asynchronous.change_stream import AsyncChangeStream

from sandbox.cast import Cast
from sandbox.mail import MailFault
from sandbox.slack.faults import Fault
from sandbox.slack.journal import Entry
from sandbox.slack.seen import Message
from sandbox.world import World
from tests.stories.acts import leases_end, nothing_pends, opens_ticket
from tests.stories.conftest import HTTP_ONLY

# What dies here is a worker: how Slack and the bot talk makes no difference to it.
pytestmark = HTTP_ONLY


def about(cards: list[Message], number: str) -> list[Message]:
    """The messages about a ticket."""
    return [card for card in cards if number in card.says]


@pytest.mark.long
@pytest.mark.fault("F20")
@pytest.mark.parametrize("method", ["chat.postMessage", "conversations.open"])
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_the_worker_is_killed_around_a_call_to_slack(
    world: World, cast: Cast, method: str, moment: str
) -> None:
    await world.database.members.update_many({}, {"$set": {"dm_channel": None}})
    held = world.slack.faults.add(method, Fault(hang=True, after=moment == "after"))
    await opens_ticket(cast.ada, "VPN is down")
    await world.slack.until(lambda: world.slack.journal.calls(method), waiting_for=method)

    await world.worker.kill()
    world.slack.faults.remove(held)
    await leases_end(world)
    await world.worker.start()

    await cast.bob.gets_message("Offered to you", timeout=20)
    await cast.ada.gets_message("Offered to @Bob Kahn", timeout=20)
    await world.mail.until(lambda: world.mail.letters_to(cast.bob.email), timeout=20)
    await nothing_pends(world)
    await everybody_was_told_once(world, cast)


@pytest.mark.long
@pytest.mark.fault("F20")
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_the_worker_is_killed_while_it_redraws(world: World, cast: Cast, moment: str) -> None:
    await opens_ticket(cast.ada, "VPN is down")
    card = await cast.bob.gets_message("Offered to you")
    await nothing_pends(world)
    hers = cast.ada.dm.id
    drawn = len(redraws(world, hers))
    held = world.slack.faults.add(
        "chat.update",
        Fault(hang=True, after=moment == "after"),
        when=lambda request: request["channel"] == hers,
    )
    await cast.bob.clicks(card, "Claim")
    await world.slack.until(lambda: len(redraws(world, hers)) > drawn, waiting_for="a redraw")

    await world.worker.kill()
    world.slack.faults.remove(held)
    await leases_end(world)
    await world.worker.start()

    await cast.ada.gets_message("@Bob Kahn has it", timeout=20)
    await nothing_pends(world)
    await everybody_was_told_once(world, cast, "claimed")


def redraws(world: World, channel: str) -> list[Entry]:
    """The messages that were drawn anew there."""
    return [c for c in world.slack.journal.calls("chat.update") if c.request["channel"] == channel]


@pytest.mark.long
@pytest.mark.fault("F20")
@pytest.mark.parametrize("held", ["gemini", "mail"])
async def test_the_worker_is_killed_while_it_waits_for(world: World, cast: Cast, held: str) -> None:
    if held == "gemini":
        world.gemini.hangs()
    else:
        world.mail.fails(MailFault.HANG_AFTER_DATA)
    await opens_ticket(cast.ada, "VPN is down")
    if held == "gemini":
        await world.gemini.until(lambda: world.gemini.requests)
    else:
        await cast.bob.gets_message("Offered to you")

    await world.worker.kill()
    world.gemini.recovers()
    world.mail.recovers()
    await leases_end(world)
    await world.worker.start()

    await cast.bob.gets_message("Offered to you", timeout=20)
    await world.mail.until(lambda: world.mail.letters_to(cast.bob.email), timeout=20)
    await nothing_pends(world)
    await everybody_was_told_once(world, cast)


async def everybody_was_told_once(world: World, cast: Cast, *moves: str) -> None:
    """One card each, one letter (or the same letter twice), all showing the ticket as it is."""
    assert len(about(cast.ada.messages, "T-1")) == 1
    assert len(about(cast.bob.messages, "T-1")) == 1
    assert about(cast.eve.messages, "T-1") == []
    letters = world.mail.letters_to(cast.bob.email)
    assert len({letter.message_id for letter in letters}) == 1
    [ticket] = await world.documents("tickets")
    happened = [event["what"] for event in ticket["history"]]
    assert happened == ["opened", "triaged", "offered", *moves]
    assert {card["version"] for card in ticket["cards"]} == {ticket["version"]}


@pytest.mark.long
@pytest.mark.fault("F20")
@pytest.mark.parametrize(
    "step",
    [
        "triage_ticket",
        "assign_ticket",
        "dm_requester",
        "dm_assignee",
        "email_assignee",
        "refresh_cards",
        "ask_requester",
    ],
)
async def test_the_worker_is_killed_after_each_step(world: World, cast: Cast, step: str) -> None:
    async with await world.database.tickets.watch(full_document="updateLookup") as changes:
        await opens_ticket(cast.ada, "VPN is down")
        if step == "ask_requester":
            await _resolves(cast)
        await _is_done(step, changes)
        await world.worker.kill()

    await leases_end(world)
    await world.worker.start()

    await cast.bob.gets_message(timeout=20)
    await nothing_pends(world)
    noticed = [notice_of(told) for told in (*cast.ada.messages, *cast.bob.messages)]
    expected = {"T-1.requester", "T-1.offer.1"}
    assert sorted(noticed) == sorted(
        expected | {"T-1.resolved.1"} if step == "ask_requester" else expected
    )
    letters = world.mail.letters_to(cast.bob.email)
    assert len({letter.message_id for letter in letters}) == 1
    [ticket] = await world.documents("tickets")
    assert {card["version"] for card in ticket["cards"]} == {ticket["version"]}


async def _resolves(cast: Cast) -> None:
    await cast.bob.clicks(await cast.bob.gets_message("Offered to you"), "Claim")
    await cast.bob.clicks(await cast.bob.gets_message("You have it"), "Resolve")


async def _is_done(step: str, changes: AsyncChangeStream[dict[str, Any]]) -> None:
    """Wait until the step has been pending and is so no more."""
    was_pending = False
    async for change in changes:
        pending = [entry["step"] for entry in change["fullDocument"]["pending"]]
        if was_pending and step not in pending:
            return
        was_pending = was_pending or step in pending


def notice_of(message: Message) -> str:
    """The id of what a person was told by a message."""
    assert message.metadata
    return str(message.metadata["event_payload"]["notice"])


@pytest.mark.fault("F07", "F23")
async def test_redis_is_emptied_between_submission_and_triage(world: World, cast: Cast) -> None:
    await world.worker.kill()
    await opens_ticket(cast.ada, "VPN is down")

    await world.redis.flushall()
    await world.worker.start()

    assert await cast.bob.gets_message("Offered to you", timeout=20)
    await nothing_pends(world)
    await everybody_was_told_once(world, cast)


@pytest.mark.fault("F25")
async def test_two_workers_tell_nobody_twice(world: World, cast: Cast) -> None:
    second = world.new_worker("second-worker")
    await second.start()
    try:
        numbers = [await opens_ticket(cast.ada, f"VPN is down, {n}") for n in range(5)]
        await nothing_pends(world)
    finally:
        await second.stop()

    for number in numbers:
        told = [one for one in cast.bob.messages + cast.eve.messages if f"{number} " in one.says]
        assert len([one for one in told if one.buttons]) == 1


@pytest.mark.fault("F40")
async def test_slack_answers_429_and_everybody_is_told_once(world: World, cast: Cast) -> None:
    world.slack.faults.add("chat.postMessage", Fault(status=429, retry_after=1), times=2)

    await opens_ticket(cast.ada, "VPN is down")

    assert await cast.bob.gets_message("Offered to you", timeout=20)
    await nothing_pends(world)
    await everybody_was_told_once(world, cast)


@pytest.mark.fault("F41", "F42")
@pytest.mark.parametrize(
    "fault",
    [
        Fault(error="internal_error", after=True),
        Fault(status=500, body="<html>oops</html>", after=True),
        Fault(accept_then_reset=True),
        Fault(broken_json=True, after=True),
    ],
    ids=["internal_error", "500", "reset", "broken"],
)
async def test_a_message_whose_fate_is_unknown_is_looked_up(
    world: World, cast: Cast, fault: Fault
) -> None:
    world.slack.faults.add("chat.postMessage", fault, times=2)

    await opens_ticket(cast.ada, "VPN is down")

    await cast.bob.gets_message("Offered to you", timeout=20)
    await nothing_pends(world)
    await everybody_was_told_once(world, cast)


@pytest.mark.fault("F21")
async def test_a_worker_told_to_stop_ends_cleanly(world: World, cast: Cast) -> None:
    await opens_ticket(cast.ada, "VPN is down")

    await world.worker.stop()
    await world.bot.stop()

    assert (world.worker.exit_code, world.bot.exit_code) == (0, 0)
    assert "Traceback" not in world.worker.log_of_this_run + world.bot.log_of_this_run
