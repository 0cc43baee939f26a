"""Killing the worker anywhere, or emptying Redis, only delays a ticket; everybody is told once.

Where a killed worker holds a lease, the story does not wait half a minute for it to end: it moves
the due time in MongoDB to the present, as the passing of time would.
"""

from typing import Any

import pytest
from pymongo.asynchronous.change_stream import AsyncChangeStream

from sandbox.services.mail_server import MailFault
from sandbox.slack.actors.rendered import Message
from sandbox.slack.state.faults import Fault
from sandbox.slack.state.traffic_log import TrafficEntry
from sandbox.world.personas import Personas
from sandbox.world.world import World
from tests.stories.conftest import HTTP_ONLY
from tests.stories.user_actions import expire_leases, open_ticket, wait_until_no_pending_steps

# What dies here is a worker: how Slack and the bot talk makes no difference to it.
pytestmark = HTTP_ONLY


def about(cards: list[Message], number: str) -> list[Message]:
    """The messages about a ticket."""
    return [card for card in cards if number in card.visible_text]


@pytest.mark.long
@pytest.mark.fault("F20")
@pytest.mark.parametrize("method", ["chat.postMessage", "conversations.open"])
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_the_worker_is_killed_around_a_call_to_slack(
    world: World, personas: Personas, method: str, moment: str
) -> None:
    await world.database.members.update_many({}, {"$set": {"dm_channel": None}})
    held = world.slack.faults.add(method, Fault(hangs=True, fails_after_success=moment == "after"))
    await open_ticket(personas.ada, "VPN is down")
    await world.slack.wait_until(
        lambda: world.slack.traffic_log.api_calls(method), waiting_for=method
    )

    await world.worker.kill()
    world.slack.faults.remove(held)
    await expire_leases(world)
    await world.worker.start()

    await personas.bob.wait_for_message("Offered to you", timeout_seconds=20)
    await personas.ada.wait_for_message("Offered to @Bob Kahn", timeout_seconds=20)
    await world.mail.wait_until(
        lambda: world.mail.emails_to(personas.bob.email), timeout_seconds=20
    )
    await wait_until_no_pending_steps(world)
    await everybody_was_told_once(world, personas)


@pytest.mark.long
@pytest.mark.fault("F20")
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_the_worker_is_killed_while_it_redraws(
    world: World, personas: Personas, moment: str
) -> None:
    await open_ticket(personas.ada, "VPN is down")
    card = await personas.bob.wait_for_message("Offered to you")
    await wait_until_no_pending_steps(world)
    hers = personas.ada.direct_channel.id
    drawn = len(redraws(world, hers))
    held = world.slack.faults.add(
        "chat.update",
        Fault(hangs=True, fails_after_success=moment == "after"),
        request_filter=lambda request: request["channel"] == hers,
    )
    await personas.bob.click(card, "Claim")
    await world.slack.wait_until(lambda: len(redraws(world, hers)) > drawn, waiting_for="a redraw")

    await world.worker.kill()
    world.slack.faults.remove(held)
    await expire_leases(world)
    await world.worker.start()

    await personas.ada.wait_for_message("@Bob Kahn has it", timeout_seconds=20)
    await wait_until_no_pending_steps(world)
    await everybody_was_told_once(world, personas, "claimed")


def redraws(world: World, channel: str) -> list[TrafficEntry]:
    """The messages that were drawn anew there."""
    return [
        c
        for c in world.slack.traffic_log.api_calls("chat.update")
        if c.request["channel"] == channel
    ]


@pytest.mark.long
@pytest.mark.fault("F20")
@pytest.mark.parametrize("held", ["gemini", "mail"])
async def test_the_worker_is_killed_while_it_waits_for(
    world: World, personas: Personas, held: str
) -> None:
    if held == "gemini":
        world.gemini.hang()
    else:
        world.mail.add_fault(MailFault.HANG_AFTER_DATA)
    await open_ticket(personas.ada, "VPN is down")
    if held == "gemini":
        await world.gemini.wait_until(lambda: world.gemini.requests)
    else:
        await personas.bob.wait_for_message("Offered to you")

    await world.worker.kill()
    world.gemini.recover()
    world.mail.clear_faults()
    await expire_leases(world)
    await world.worker.start()

    await personas.bob.wait_for_message("Offered to you", timeout_seconds=20)
    await world.mail.wait_until(
        lambda: world.mail.emails_to(personas.bob.email), timeout_seconds=20
    )
    await wait_until_no_pending_steps(world)
    await everybody_was_told_once(world, personas)


async def everybody_was_told_once(world: World, cast: Personas, *moves: str) -> None:
    """One card each, one letter (or the same letter twice), all showing the ticket as it is."""
    assert len(about(cast.ada.messages, "T-1")) == 1
    assert len(about(cast.bob.messages, "T-1")) == 1
    assert about(cast.eve.messages, "T-1") == []
    letters = world.mail.emails_to(cast.bob.email)
    assert len({letter.message_id for letter in letters}) == 1
    [ticket] = await world.find_documents("tickets")
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
async def test_the_worker_is_killed_after_each_step(
    world: World, personas: Personas, step: str
) -> None:
    async with await world.database.tickets.watch(full_document="updateLookup") as changes:
        await open_ticket(personas.ada, "VPN is down")
        if step == "ask_requester":
            await _resolves(personas)
        await _is_done(step, changes)
        await world.worker.kill()

    await expire_leases(world)
    await world.worker.start()

    await personas.bob.wait_for_message(timeout_seconds=20)
    await wait_until_no_pending_steps(world)
    noticed = [notice_of(told) for told in (*personas.ada.messages, *personas.bob.messages)]
    expected = {"T-1.requester", "T-1.offer.1"}
    assert sorted(noticed) == sorted(
        expected | {"T-1.resolved.1"} if step == "ask_requester" else expected
    )
    letters = world.mail.emails_to(personas.bob.email)
    assert len({letter.message_id for letter in letters}) == 1
    [ticket] = await world.find_documents("tickets")
    assert {card["version"] for card in ticket["cards"]} == {ticket["version"]}


async def _resolves(cast: Personas) -> None:
    await cast.bob.click(await cast.bob.wait_for_message("Offered to you"), "Claim")
    await cast.bob.click(await cast.bob.wait_for_message("You have it"), "Resolve")


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
async def test_redis_is_emptied_between_submission_and_triage(
    world: World, personas: Personas
) -> None:
    await world.worker.kill()
    await open_ticket(personas.ada, "VPN is down")

    await world.redis.flushall()
    await world.worker.start()

    assert await personas.bob.wait_for_message("Offered to you", timeout_seconds=20)
    await wait_until_no_pending_steps(world)
    await everybody_was_told_once(world, personas)


@pytest.mark.fault("F25")
async def test_two_workers_tell_nobody_twice(world: World, personas: Personas) -> None:
    second = world.new_worker("second-worker")
    await second.start()
    try:
        numbers = [await open_ticket(personas.ada, f"VPN is down, {n}") for n in range(5)]
        await wait_until_no_pending_steps(world)
    finally:
        await second.stop()

    for number in numbers:
        told = [
            one
            for one in personas.bob.messages + personas.eve.messages
            if f"{number} " in one.visible_text
        ]
        assert len([one for one in told if one.buttons]) == 1


@pytest.mark.fault("F40")
async def test_slack_answers_429_and_everybody_is_told_once(
    world: World, personas: Personas
) -> None:
    world.slack.faults.add("chat.postMessage", Fault(status=429, retry_after_seconds=1), times=2)

    await open_ticket(personas.ada, "VPN is down")

    assert await personas.bob.wait_for_message("Offered to you", timeout_seconds=20)
    await wait_until_no_pending_steps(world)
    await everybody_was_told_once(world, personas)


@pytest.mark.fault("F41", "F42")
@pytest.mark.parametrize(
    "fault",
    [
        Fault(error="internal_error", fails_after_success=True),
        Fault(status=500, body="<html>oops</html>", fails_after_success=True),
        Fault(resets_connection=True),
        Fault(broken_json=True, fails_after_success=True),
    ],
    ids=["internal_error", "500", "reset", "broken"],
)
async def test_a_message_whose_fate_is_unknown_is_looked_up(
    world: World, personas: Personas, fault: Fault
) -> None:
    world.slack.faults.add("chat.postMessage", fault, times=2)

    await open_ticket(personas.ada, "VPN is down")

    await personas.bob.wait_for_message("Offered to you", timeout_seconds=20)
    await wait_until_no_pending_steps(world)
    await everybody_was_told_once(world, personas)


@pytest.mark.fault("F21")
async def test_a_worker_told_to_stop_ends_cleanly(world: World, personas: Personas) -> None:
    await open_ticket(personas.ada, "VPN is down")

    await world.worker.stop()
    await world.bot.stop()

    assert (world.worker.exit_code, world.bot.exit_code) == (0, 0)
    assert "Traceback" not in world.worker.current_run_log + world.bot.current_run_log
