"""A killed worker or an emptied Redis only delays a ticket; each person gets each message once.

A story does not wait 30 seconds for the lease of a killed worker to end: it sets the due time in
MongoDB to now.
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

# A worker dies here, so the transport between Slack and the bot makes no difference.
pytestmark = HTTP_ONLY


def messages_about(messages: list[Message], ticket_id: str) -> list[Message]:
    return [message for message in messages if ticket_id in message.visible_text]


@pytest.mark.long
@pytest.mark.fault("F20")
@pytest.mark.parametrize("method", ["chat.postMessage", "conversations.open"])
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_worker_killed_around_a_call_to_slack(
    world: World, personas: Personas, method: str, moment: str
) -> None:
    await world.database.members.update_many({}, {"$set": {"dm_channel": None}})
    fault = world.slack.faults.add(method, Fault(hangs=True, fails_after_success=moment == "after"))
    await open_ticket(personas.ada, "VPN is down")
    await world.slack.wait_until(
        lambda: world.slack.traffic_log.api_calls(method), waiting_for=method
    )

    await world.worker.kill()
    world.slack.faults.remove(fault)
    await expire_leases(world)
    await world.worker.start()

    await personas.bob.wait_for_message("Offered to you", timeout_seconds=20)
    await personas.ada.wait_for_message("Waiting for @Bob Kahn", timeout_seconds=20)
    await world.mail.wait_until(
        lambda: world.mail.emails_to(personas.bob.email), timeout_seconds=20
    )
    await wait_until_no_pending_steps(world)
    await check_each_person_got_one_message(world, personas)


@pytest.mark.long
@pytest.mark.fault("F20")
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_worker_killed_during_a_card_update(
    world: World, personas: Personas, moment: str
) -> None:
    await open_ticket(personas.ada, "VPN is down")
    card = await personas.bob.wait_for_message("Offered to you")
    await wait_until_no_pending_steps(world)
    adas_channel = personas.ada.direct_channel.id
    updates_before = len(card_updates(world, adas_channel))
    fault = world.slack.faults.add(
        "chat.update",
        Fault(hangs=True, fails_after_success=moment == "after"),
        request_filter=lambda request: request["channel"] == adas_channel,
    )
    await personas.bob.click(card, "Claim")
    await world.slack.wait_until(
        lambda: len(card_updates(world, adas_channel)) > updates_before,
        waiting_for="a card update",
    )

    await world.worker.kill()
    world.slack.faults.remove(fault)
    await expire_leases(world)
    await world.worker.start()

    await personas.ada.wait_for_message("@Bob Kahn is working on it", timeout_seconds=20)
    await wait_until_no_pending_steps(world)
    await check_each_person_got_one_message(world, personas, "claimed")


def card_updates(world: World, channel: str) -> list[TrafficEntry]:
    return [
        entry
        for entry in world.slack.traffic_log.api_calls("chat.update")
        if entry.request["channel"] == channel
    ]


@pytest.mark.long
@pytest.mark.fault("F20")
@pytest.mark.parametrize("server", ["gemini", "mail"])
async def test_worker_killed_while_it_waits_for(
    world: World, personas: Personas, server: str
) -> None:
    if server == "gemini":
        world.gemini.hang()
    else:
        world.mail.add_fault(MailFault.HANG_AFTER_DATA)
    await open_ticket(personas.ada, "VPN is down")
    if server == "gemini":
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
    await check_each_person_got_one_message(world, personas)


async def check_each_person_got_one_message(world: World, personas: Personas, *moves: str) -> None:
    """Check one current card each, and one e-mail, which may have been sent twice."""
    assert len(messages_about(personas.ada.messages, "T-1")) == 1
    assert len(messages_about(personas.bob.messages, "T-1")) == 1
    assert messages_about(personas.eve.messages, "T-1") == []
    emails = world.mail.emails_to(personas.bob.email)
    assert len({email.message_id for email in emails}) == 1
    [ticket] = await world.find_documents("tickets")
    events = [event["what"] for event in ticket["history"]]
    assert events == ["opened", "triaged", "offered", *moves]
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
async def test_worker_killed_after_each_step(world: World, personas: Personas, step: str) -> None:
    async with await world.database.tickets.watch(full_document="updateLookup") as changes:
        await open_ticket(personas.ada, "VPN is down")
        if step == "ask_requester":
            await _claim_and_resolve(personas)
        await _wait_until_step_done(step, changes)
        await world.worker.kill()

    await expire_leases(world)
    await world.worker.start()

    await personas.bob.wait_for_message(timeout_seconds=20)
    await wait_until_no_pending_steps(world)
    messages = (*personas.ada.messages, *personas.bob.messages)
    notice_ids = [notice_id(message) for message in messages]
    expected = {"T-1.requester", "T-1.offer.1"}
    assert sorted(notice_ids) == sorted(
        expected | {"T-1.resolved.1"} if step == "ask_requester" else expected
    )
    emails = world.mail.emails_to(personas.bob.email)
    assert len({email.message_id for email in emails}) == 1
    [ticket] = await world.find_documents("tickets")
    assert {card["version"] for card in ticket["cards"]} == {ticket["version"]}


async def _claim_and_resolve(personas: Personas) -> None:
    await personas.bob.click(await personas.bob.wait_for_message("Offered to you"), "Claim")
    await personas.bob.click(await personas.bob.wait_for_message("You have it"), "Resolve")


async def _wait_until_step_done(step: str, changes: AsyncChangeStream[dict[str, Any]]) -> None:
    """Wait until the step was pending and no longer is."""
    was_pending = False
    async for change in changes:
        pending = [entry["step"] for entry in change["fullDocument"]["pending"]]
        if was_pending and step not in pending:
            return
        was_pending = was_pending or step in pending


def notice_id(message: Message) -> str:
    assert message.metadata
    return str(message.metadata["event_payload"]["notice"])


@pytest.mark.fault("F07", "F23")
async def test_redis_emptied_between_submission_and_triage(
    world: World, personas: Personas
) -> None:
    await world.worker.kill()
    await open_ticket(personas.ada, "VPN is down")

    await world.redis.flushall()
    await world.worker.start()

    assert await personas.bob.wait_for_message("Offered to you", timeout_seconds=20)
    await wait_until_no_pending_steps(world)
    await check_each_person_got_one_message(world, personas)


@pytest.mark.fault("F25")
async def test_two_workers_send_no_message_twice(world: World, personas: Personas) -> None:
    second = world.new_worker("second-worker")
    await second.start()
    try:
        numbers = [await open_ticket(personas.ada, f"VPN is down, {n}") for n in range(5)]
        await wait_until_no_pending_steps(world)
    finally:
        await second.stop()

    for number in numbers:
        cards = messages_about(personas.bob.messages + personas.eve.messages, f"{number} ")
        assert len([card for card in cards if card.buttons]) == 1


@pytest.mark.fault("F40")
async def test_message_is_sent_once_after_slack_answers_429(
    world: World, personas: Personas
) -> None:
    world.slack.faults.add("chat.postMessage", Fault(status=429, retry_after_seconds=1), times=2)

    await open_ticket(personas.ada, "VPN is down")

    assert await personas.bob.wait_for_message("Offered to you", timeout_seconds=20)
    await wait_until_no_pending_steps(world)
    await check_each_person_got_one_message(world, personas)


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
async def test_message_with_unknown_outcome_is_sent_once(
    world: World, personas: Personas, fault: Fault
) -> None:
    world.slack.faults.add("chat.postMessage", fault, times=2)

    await open_ticket(personas.ada, "VPN is down")

    await personas.bob.wait_for_message("Offered to you", timeout_seconds=20)
    await wait_until_no_pending_steps(world)
    await check_each_person_got_one_message(world, personas)


@pytest.mark.fault("F21")
async def test_worker_and_bot_stop_cleanly(world: World, personas: Personas) -> None:
    await open_ticket(personas.ada, "VPN is down")

    await world.worker.stop()
    await world.bot.stop()

    assert (world.worker.exit_code, world.bot.exit_code) == (0, 0)
    assert "Traceback" not in world.worker.current_run_log + world.bot.current_run_log
