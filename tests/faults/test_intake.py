"""Forms under faults: each receipt has a ticket, and each form makes one ticket."""

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

SUBMIT_AGAIN = "Press Submit again: you will get one ticket."
_TRIES = 8


@pytest.fixture
async def restored_world(proxied_world: ProxiedWorld) -> AsyncIterator[ProxiedWorld]:
    """A running world. Hanging or killed servers run again afterwards."""
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
    """A filled-in form and its person."""

    person: Person
    payload: dict[str, Any]

    async def answer(self) -> BotResponse:
        """Submit the form, and return the bot's answer."""
        return await send_as_slack(self.person, self.payload)


async def fifty_forms(world: World) -> list[FilledForm]:
    """Five people fill in ten forms each."""
    forms = []
    for person in world.slack.people[:5] * 10:
        await fill_in_ticket_form(person)
        forms.append(FilledForm(person, submission_payload(person)))
        await person.close_modal()
    return forms


async def submit_until_stored(world: World, person: Person) -> str:
    """Press Submit until the form shows a receipt, and return its ticket id."""
    for _ in range(_TRIES):
        await person.submit_modal()
        if person.modal and not person.modal.errors and person.modal.title != "New ticket":
            break
    return receipt_ticket_id(person)


def title_error(person: Person) -> str:
    """The error at the title. The form must still have all text."""
    assert person.modal
    assert person.modal.values["Title"] == TITLE
    assert person.modal.values["Description"] == "since this morning"
    return person.modal.errors.get("Title", "")


@pytest.mark.long
@pytest.mark.fault("F01", "F03")
async def test_form_sent_three_times_makes_one_ticket(restored_world: ProxiedWorld) -> None:
    ada = restored_world.world.personas.ada
    await fill_in_ticket_form(ada)
    payload = submission_payload(ada)

    answers = await asyncio.gather(*(send_as_slack(ada, payload) for _ in range(3)))

    [number] = {answer.receipt_ticket_id for answer in answers}
    await check_final_tickets(restored_world, number)


@pytest.mark.fault("F02")
async def test_form_sent_to_two_bots_makes_one_ticket(restored_world: ProxiedWorld) -> None:
    world, port = restored_world.world, find_free_port()
    second_bot = world.new_bot("second-bot", port=port)
    await second_bot.start()
    try:
        ada, url = world.personas.ada, f"http://127.0.0.1:{port}"
        numbers = []
        for _ in range(5):
            await fill_in_ticket_form(ada)
            payload = submission_payload(ada)
            body = interactive_body(payload)
            first, second = await asyncio.gather(
                send_as_slack(ada, payload),
                post_to_bot(world, body, signed_headers(world, body), url=url),
            )
            assert first.receipt_ticket_id == second.receipt_ticket_id != ""
            numbers.append(first.receipt_ticket_id)
            await ada.close_modal()
        await restored_world.wait_until_no_pending_steps()
        await check_invariants(world, more_processes=[second_bot])
        assert {ticket["_id"] for ticket in await world.find_documents("tickets")} == {*numbers}
    finally:
        await second_bot.stop()


@pytest.mark.long
@pytest.mark.fault("F03", "F04")
async def test_form_sent_three_times_while_mongodb_hangs_makes_one_ticket(
    restored_world: ProxiedWorld,
) -> None:
    ada = restored_world.world.personas.ada
    await fill_in_ticket_form(ada)
    restored_world.proxies["bot"].hold_traffic()
    try:
        for _ in range(3):
            await ada.submit_modal()
            assert SUBMIT_AGAIN in title_error(ada)
    finally:
        restored_world.proxies["bot"].release_traffic()

    number = await submit_until_stored(restored_world.world, ada)

    assert ada.alerts == []
    await check_final_tickets(restored_world, number)


async def flush_to_disk(world: World) -> None:
    """Flush deletions to disk, so that a killed MongoDB does not restore old tickets."""
    journal = WriteConcern(j=True)
    await world.database.get_collection("flushes", write_concern=journal).insert_one({})


@pytest.mark.long
@pytest.mark.fault("F05")
async def test_bot_is_not_ready_without_mongodb_and_recovers_alone(
    restored_world: ProxiedWorld,
) -> None:
    world, ada = restored_world.world, restored_world.world.personas.ada
    await fill_in_ticket_form(ada)
    await flush_to_disk(world)
    await world.servers.mongodb.kill()

    await ada.submit_modal()
    assert SUBMIT_AGAIN in title_error(ada)
    assert not await is_ready(world)

    await world.servers.mongodb.start()
    number = await submit_until_stored(world, ada)
    assert "ready for" in world.bot.current_run_log
    await check_final_tickets(restored_world, number)


@pytest.mark.long
@pytest.mark.fault("F06")
@pytest.mark.parametrize("code", [91, 64])
async def test_unconfirmed_ticket_is_shown_after_another_submit(
    restored_world: ProxiedWorld, code: int
) -> None:
    """The driver itself retries code 91 once, and code 64 never."""
    ada = restored_world.world.personas.ada
    await fill_in_ticket_form(ada)
    unconfirmed = {"code": code, "errmsg": "stored, but not replicated"}
    await restored_world.world.database.client.admin.command(
        "configureFailPoint",
        "failCommand",
        mode={"times": 2 if code == 91 else 1},
        data={"failCommands": ["insert"], "writeConcernError": unconfirmed},
    )

    await ada.submit_modal()
    assert SUBMIT_AGAIN in title_error(ada)
    [ticket] = await restored_world.world.find_documents("tickets")
    await ada.submit_modal()

    assert receipt_ticket_id(ada) == ticket["_id"]
    await check_final_tickets(restored_world, ticket["_id"])


@pytest.mark.long
@pytest.mark.fault("F10")
async def test_stopping_bot_answers_fifty_forms_first(restored_world: ProxiedWorld) -> None:
    world, proxy = restored_world.world, restored_world.proxies["bot"]
    # Delivering fifty tickets would take minutes, and this test is about the forms.
    world.worker.suspend()
    forms = await fifty_forms(world)
    before = len(proxy.counted_commands)
    proxy.delay_seconds = 0.05
    try:
        answers = [asyncio.create_task(form.answer()) for form in forms]
        # Intake stores forms in batches, so the others wait while the first batch is written.
        await proxy.wait_until(lambda: len(proxy.counted_commands) > before)
        await world.bot.stop(timeout_seconds=10)
        numbers = {(await answer).receipt_ticket_id for answer in answers}
    finally:
        proxy.delay_seconds = 0

    assert world.bot.exit_code == 0
    assert "Traceback" not in world.bot.current_run_log
    assert {ticket["_id"] for ticket in await world.find_documents("tickets")} == numbers
    assert len(numbers) == len(forms)
    await world.bot.start()
    await check_invariants(world)


@pytest.mark.long
@pytest.mark.fault("F04")
async def test_fifty_forms_show_an_error_while_mongodb_hangs(
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

    assert [answer for answer in answers if SUBMIT_AGAIN not in str(answer.body)] == []
    second_answers = await asyncio.gather(*(form.answer() for form in forms))
    stored = {ticket["_id"] for ticket in await world.find_documents("tickets")}
    assert {answer.receipt_ticket_id for answer in second_answers} == stored
    assert len(stored) == len(forms)
    await check_invariants(world)


@pytest.mark.long
@pytest.mark.fault("F11")
async def test_bot_that_starts_without_slack_loses_no_form(
    restored_world: ProxiedWorld,
) -> None:
    world, ada = restored_world.world, restored_world.world.personas.ada
    await fill_in_ticket_form(ada)
    await world.bot.stop()
    outage = world.slack.faults.add("auth.test", Fault(hangs=True))
    start_task = asyncio.create_task(world.bot.start(timeout_seconds=60))
    await world.slack.wait_until(lambda: len(world.slack.traffic_log.api_calls("auth.test")) > 1)

    assert not await is_ready(world)
    await ada.submit_modal()
    assert ada.alerts
    assert title_error(ada) == ""

    world.slack.faults.remove(outage)
    await start_task
    await check_final_tickets(restored_world, await submit_until_stored(world, ada))


@pytest.mark.long
@pytest.mark.fault("F12")
async def test_text_is_returned_if_the_form_opens_too_late(
    restored_world: ProxiedWorld,
) -> None:
    world, ada = restored_world.world, restored_world.world.personas.ada
    world.slack.faults.add("views.open", Fault(delay_seconds=3), times=1)

    await ada.type_text(f"/ticket {TITLE}")

    assert ada.alerts == []
    message = await ada.wait_for_ephemeral("Please try again")
    assert TITLE in message.visible_text
    await check_final_tickets(restored_world)
