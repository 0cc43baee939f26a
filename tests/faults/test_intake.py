"""Whatever happens to a form on its way: a receipt is a ticket, and one form is one ticket."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from pymongo import WriteConcern

from sandbox.services.database_servers import find_free_port
from sandbox.slack.actors.person import Person
from sandbox.slack.state.faults import Fault
from sandbox.world.world import World
from tests.faults.forged_requests import (
    BotResponse,
    check_final_tickets,
    fill_in_ticket_form,
    interactive_body,
    is_ready,
    post_to_bot,
    send_as_slack,
    signed_headers,
    submission_payload,
)
from tests.faults.invariants import check_invariants
from tests.faults.ticket_lifecycle import TITLE, ProxiedWorld
from tests.stories.user_actions import receipt_ticket_id

AGAIN = "Press Submit again: you will get one ticket."
_TRIES = 8


@pytest.fixture
async def restored_world(proxied_world: ProxiedWorld) -> AsyncIterator[ProxiedWorld]:
    """The running desk; what was frozen or killed runs again afterwards."""
    yield proxied_world
    world = proxied_world.world
    for server in (world.servers.mongodb, world.servers.redis):
        server.resume()
        if not server.is_alive:
            await server.start()
    await world.reset()
    world.worker.resume()


@dataclass(frozen=True, slots=True)
class FilledForm:
    """A form that is filled in, and who has done it."""

    person: Person
    payload: dict[str, Any]

    async def answer(self) -> BotResponse:
        """Have Slack send it."""
        return await send_as_slack(self.person, self.payload)


async def fifty_forms(world: World) -> list[FilledForm]:
    """Everybody fills in ten forms."""
    forms = []
    for person in world.slack.people[:5] * 10:
        await fill_in_ticket_form(person)
        forms.append(FilledForm(person, submission_payload(person)))
        await person.close_modal()
    return forms


async def presses_until_stored(world: World, person: Person) -> str:
    """Press Submit as long as the form says so; returns the number on the receipt."""
    for _ in range(_TRIES):
        await person.submit_modal()
        if person.modal and not person.modal.errors and person.modal.title != "New ticket":
            break
    return receipt_ticket_id(person)


def error_of(person: Person) -> str:
    """What stands under the title, in the form that still has all that was typed."""
    assert person.modal
    assert person.modal.values["Title"] == TITLE
    assert person.modal.values["Description"] == "since this morning"
    return person.modal.errors.get("Title", "")


@pytest.mark.long
@pytest.mark.fault("F01", "F03")
async def test_a_form_sent_three_times_at_once_is_one_ticket(restored_world: ProxiedWorld) -> None:
    ada = restored_world.world.personas.ada
    await fill_in_ticket_form(ada)
    payload = submission_payload(ada)

    answers = await asyncio.gather(*(send_as_slack(ada, payload) for _ in range(3)))

    [number] = {answer.receipt_ticket_id for answer in answers}
    await check_final_tickets(restored_world, number)


@pytest.mark.fault("F02")
async def test_a_form_sent_to_two_bots_at_once_is_one_ticket(restored_world: ProxiedWorld) -> None:
    world, port = restored_world.world, find_free_port()
    second = world.new_bot("second-bot", port=port)
    await second.start()
    try:
        ada, url = world.personas.ada, f"http://127.0.0.1:{port}"
        numbers = []
        for _ in range(5):
            await fill_in_ticket_form(ada)
            payload = submission_payload(ada)
            body = interactive_body(payload)
            here, there = await asyncio.gather(
                send_as_slack(ada, payload),
                post_to_bot(world, body, signed_headers(world, body), url=url),
            )
            assert here.receipt_ticket_id == there.receipt_ticket_id != ""
            numbers.append(here.receipt_ticket_id)
            await ada.close_modal()
        await restored_world.wait_until_no_pending_steps()
        await check_invariants(world, more_processes=[second])
        assert {ticket["_id"] for ticket in await world.find_documents("tickets")} == {*numbers}
    finally:
        await second.stop()


@pytest.mark.long
@pytest.mark.fault("F03", "F04")
async def test_a_form_sent_three_times_while_mongodb_stands_still_is_one_ticket(
    restored_world: ProxiedWorld,
) -> None:
    ada = restored_world.world.personas.ada
    await fill_in_ticket_form(ada)
    restored_world.proxies["bot"].hold_traffic()
    try:
        for _ in range(3):
            await ada.submit_modal()
            assert AGAIN in error_of(ada)
    finally:
        restored_world.proxies["bot"].release_traffic()

    number = await presses_until_stored(restored_world.world, ada)

    assert ada.alerts == []
    await check_final_tickets(restored_world, number)


async def what_was_is_on_disk(world: World) -> None:
    """Earlier tests' tickets, which were deleted, are not to come back with MongoDB."""
    journal = WriteConcern(j=True)
    await world.database.get_collection("flushes", write_concern=journal).insert_one({})


@pytest.mark.long
@pytest.mark.fault("F05")
async def test_the_bot_is_not_ready_while_mongodb_is_dead_and_goes_on_by_itself(
    restored_world: ProxiedWorld,
) -> None:
    world, ada = restored_world.world, restored_world.world.personas.ada
    await fill_in_ticket_form(ada)
    await what_was_is_on_disk(world)
    await world.servers.mongodb.kill()

    await ada.submit_modal()
    assert AGAIN in error_of(ada)
    assert not await is_ready(world)

    await world.servers.mongodb.start()
    number = await presses_until_stored(world, ada)
    assert "ready for" in world.bot.current_run_log
    await check_final_tickets(restored_world, number)


@pytest.mark.long
@pytest.mark.fault("F06")
@pytest.mark.parametrize("code", [91, 64])
async def test_a_ticket_whose_storing_was_not_confirmed_is_shown_when_pressed_again(
    restored_world: ProxiedWorld, code: int
) -> None:
    """91 the driver tries again by itself, once; 64 it does not."""
    ada = restored_world.world.personas.ada
    await fill_in_ticket_form(ada)
    unconfirmed = {"code": code, "errmsg": "stored here, and perhaps nowhere else"}
    await restored_world.world.database.client.admin.command(
        "configureFailPoint",
        "failCommand",
        mode={"times": 2 if code == 91 else 1},
        data={"failCommands": ["insert"], "writeConcernError": unconfirmed},
    )

    await ada.submit_modal()
    assert AGAIN in error_of(ada)
    [ticket] = await restored_world.world.find_documents("tickets")
    await ada.submit_modal()

    assert receipt_ticket_id(ada) == ticket["_id"]
    await check_final_tickets(restored_world, ticket["_id"])


@pytest.mark.long
@pytest.mark.fault("F10")
async def test_a_bot_told_to_end_answers_fifty_forms_first(restored_world: ProxiedWorld) -> None:
    world, wire = restored_world.world, restored_world.proxies["bot"]
    # Fifty tickets to deliver would take minutes, and are not what this is about.
    world.worker.suspend()
    forms = await fifty_forms(world)
    before = len(wire.counted_commands)
    wire.delay_seconds = 0.05
    try:
        answering = [asyncio.create_task(form.answer()) for form in forms]
        # They are stored together: while the first are on their way, all the others wait.
        await wire.wait_until(lambda: len(wire.counted_commands) > before)
        await world.bot.stop(timeout_seconds=10)
        numbers = {(await answer).receipt_ticket_id for answer in answering}
    finally:
        wire.delay_seconds = 0

    assert world.bot.exit_code == 0
    assert "Traceback" not in world.bot.current_run_log
    assert {ticket["_id"] for ticket in await world.find_documents("tickets")} == numbers
    assert len(numbers) == len(forms)
    await world.bot.start()
    await check_invariants(world)


@pytest.mark.long
@pytest.mark.fault("F04")
async def test_fifty_are_told_at_once_that_mongodb_stands_still(
    restored_world: ProxiedWorld,
) -> None:
    world = restored_world.world
    world.worker.suspend()
    forms = await fifty_forms(world)
    restored_world.proxies["bot"].hold_traffic()
    try:
        answers = await asyncio.gather(*(form.answer() for form in forms))
    finally:
        restored_world.proxies["bot"].release_traffic()

    assert [answer for answer in answers if AGAIN not in str(answer.body)] == []
    again = await asyncio.gather(*(form.answer() for form in forms))
    stored = {ticket["_id"] for ticket in await world.find_documents("tickets")}
    assert {answer.receipt_ticket_id for answer in again} == stored
    assert len(stored) == len(forms)
    await check_invariants(world)


@pytest.mark.long
@pytest.mark.fault("F11")
async def test_a_bot_that_slack_does_not_tell_who_it_is_waits_and_loses_no_form(
    restored_world: ProxiedWorld,
) -> None:
    world, ada = restored_world.world, restored_world.world.personas.ada
    await fill_in_ticket_form(ada)
    await world.bot.stop()
    silent = world.slack.faults.add("auth.test", Fault(hangs=True))
    starting = asyncio.create_task(world.bot.start(timeout_seconds=60))
    await world.slack.wait_until(lambda: len(world.slack.traffic_log.api_calls("auth.test")) > 1)

    assert not await is_ready(world)
    await ada.submit_modal()
    assert ada.alerts
    assert error_of(ada) == ""

    world.slack.faults.remove(silent)
    await starting
    await check_final_tickets(restored_world, await presses_until_stored(world, ada))


@pytest.mark.long
@pytest.mark.fault("F12")
async def test_a_form_that_slack_opens_too_late_gives_the_text_back(
    restored_world: ProxiedWorld,
) -> None:
    world, ada = restored_world.world, restored_world.world.personas.ada
    world.slack.faults.add("views.open", Fault(delay_seconds=3), times=1)

    await ada.type_text(f"/ticket {TITLE}")

    assert ada.alerts == []
    whisper = await ada.wait_for_ephemeral("Please try again")
    assert TITLE in whisper.visible_text
    await check_final_tickets(restored_world)
