"""Whatever happens to a form on its way: a receipt is a ticket, and one form is one ticket."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from pymongo import WriteConcern

from sandbox.servers import free_port
from sandbox.slack.faults import Fault
from sandbox.slack.person import Person
from sandbox.world import World
from tests.faults.forging import (
    Answer,
    fills_form,
    interactive,
    interacts,
    is_ready,
    posts,
    settled,
    signed,
    submission_of,
)
from tests.faults.invariants import check_invariants
from tests.faults.walking import TITLE, Stage
from tests.stories.acts import receipt_of

AGAIN = "Press Submit again: you will get one ticket."
_TRIES = 8


@pytest.fixture
async def desk(stage: Stage) -> AsyncIterator[Stage]:
    """The running desk; what was frozen or killed runs again afterwards."""
    yield stage
    world = stage.world
    for server in (world.servers.mongo, world.servers.redis):
        server.thaw()
        if not server.alive:
            await server.start()
    await world.forget()
    world.worker.thaw()


@dataclass(frozen=True, slots=True)
class Sent:
    """A form that is filled in, and who has done it."""

    person: Person
    payload: dict[str, Any]

    async def answer(self) -> Answer:
        """Have Slack send it."""
        return await interacts(self.person, self.payload)


async def fifty_forms(world: World) -> list[Sent]:
    """Everybody fills in ten forms."""
    forms = []
    for person in world.slack.people[:5] * 10:
        await fills_form(person)
        forms.append(Sent(person, submission_of(person)))
        await person.closes()
    return forms


async def presses_until_stored(world: World, person: Person) -> str:
    """Press Submit as long as the form says so; returns the number on the receipt."""
    for _ in range(_TRIES):
        await person.submits()
        if person.modal and not person.modal.errors and person.modal.title != "New ticket":
            break
    return receipt_of(person)


def error_of(person: Person) -> str:
    """What stands under the title, in the form that still has all that was typed."""
    assert person.modal
    assert person.modal.values["Title"] == TITLE
    assert person.modal.values["Description"] == "since this morning"
    return person.modal.errors.get("Title", "")


@pytest.mark.long
@pytest.mark.fault("F01", "F03")
async def test_a_form_sent_three_times_at_once_is_one_ticket(desk: Stage) -> None:
    ada = desk.world.cast.ada
    await fills_form(ada)
    payload = submission_of(ada)

    answers = await asyncio.gather(*(interacts(ada, payload) for _ in range(3)))

    [number] = {answer.number for answer in answers}
    await settled(desk, number)


@pytest.mark.fault("F02")
async def test_a_form_sent_to_two_bots_at_once_is_one_ticket(desk: Stage) -> None:
    world, port = desk.world, free_port()
    second = world.new_bot("second-bot", port=port)
    await second.start()
    try:
        ada, url = world.cast.ada, f"http://127.0.0.1:{port}"
        numbers = []
        for _ in range(5):
            await fills_form(ada)
            payload = submission_of(ada)
            body = interactive(payload)
            here, there = await asyncio.gather(
                interacts(ada, payload), posts(world, body, signed(world, body), url=url)
            )
            assert here.number == there.number != ""
            numbers.append(here.number)
            await ada.closes()
        await desk.settles()
        await check_invariants(world, more=[second])
        assert {ticket["_id"] for ticket in await world.documents("tickets")} == {*numbers}
    finally:
        await second.stop()


@pytest.mark.long
@pytest.mark.fault("F03", "F04")
async def test_a_form_sent_three_times_while_mongodb_stands_still_is_one_ticket(
    desk: Stage,
) -> None:
    ada = desk.world.cast.ada
    await fills_form(ada)
    desk.wires["bot"].freeze()
    try:
        for _ in range(3):
            await ada.submits()
            assert AGAIN in error_of(ada)
    finally:
        desk.wires["bot"].thaw()

    number = await presses_until_stored(desk.world, ada)

    assert ada.alerts == []
    await settled(desk, number)


async def what_was_is_on_disk(world: World) -> None:
    """Earlier tests' tickets, which were deleted, are not to come back with MongoDB."""
    journal = WriteConcern(j=True)
    await world.database.get_collection("flushes", write_concern=journal).insert_one({})


@pytest.mark.long
@pytest.mark.fault("F05")
async def test_the_bot_is_not_ready_while_mongodb_is_dead_and_goes_on_by_itself(
    desk: Stage,
) -> None:
    world, ada = desk.world, desk.world.cast.ada
    await fills_form(ada)
    await what_was_is_on_disk(world)
    await world.servers.mongo.kill()

    await ada.submits()
    assert AGAIN in error_of(ada)
    assert not await is_ready(world)

    await world.servers.mongo.start()
    number = await presses_until_stored(world, ada)
    assert "ready for" in world.bot.log_of_this_run
    await settled(desk, number)


@pytest.mark.long
@pytest.mark.fault("F06")
@pytest.mark.parametrize("code", [91, 64])
async def test_a_ticket_whose_storing_was_not_confirmed_is_shown_when_pressed_again(
    desk: Stage, code: int
) -> None:
    """91 the driver tries again by itself, once; 64 it does not."""
    ada = desk.world.cast.ada
    await fills_form(ada)
    unconfirmed = {"code": code, "errmsg": "stored here, and perhaps nowhere else"}
    await desk.world.database.client.admin.command(
        "configureFailPoint",
        "failCommand",
        mode={"times": 2 if code == 91 else 1},
        data={"failCommands": ["insert"], "writeConcernError": unconfirmed},
    )

    await ada.submits()
    assert AGAIN in error_of(ada)
    [ticket] = await desk.world.documents("tickets")
    await ada.submits()

    assert receipt_of(ada) == ticket["_id"]
    await settled(desk, ticket["_id"])


@pytest.mark.long
@pytest.mark.fault("F10")
async def test_a_bot_told_to_end_answers_fifty_forms_first(desk: Stage) -> None:
    world, wire = desk.world, desk.wires["bot"]
    # Fifty tickets to deliver would take minutes, and are not what this is about.
    world.worker.freeze()
    forms = await fifty_forms(world)
    before = len(wire.passed)
    wire.delay = 0.05
    try:
        answering = [asyncio.create_task(form.answer()) for form in forms]
        # They are stored together: while the first are on their way, all the others wait.
        await wire.until(lambda: len(wire.passed) > before)
        await world.bot.stop(timeout=10)
        numbers = {(await answer).number for answer in answering}
    finally:
        wire.delay = 0

    assert world.bot.exit_code == 0
    assert "Traceback" not in world.bot.log_of_this_run
    assert {ticket["_id"] for ticket in await world.documents("tickets")} == numbers
    assert len(numbers) == len(forms)
    await world.bot.start()
    await check_invariants(world)


@pytest.mark.long
@pytest.mark.fault("F04")
async def test_fifty_are_told_at_once_that_mongodb_stands_still(desk: Stage) -> None:
    world = desk.world
    world.worker.freeze()
    forms = await fifty_forms(world)
    desk.wires["bot"].freeze()
    try:
        answers = await asyncio.gather(*(form.answer() for form in forms))
    finally:
        desk.wires["bot"].thaw()

    assert [answer for answer in answers if AGAIN not in str(answer.body)] == []
    again = await asyncio.gather(*(form.answer() for form in forms))
    stored = {ticket["_id"] for ticket in await world.documents("tickets")}
    assert {answer.number for answer in again} == stored
    assert len(stored) == len(forms)
    await check_invariants(world)


@pytest.mark.long
@pytest.mark.fault("F11")
async def test_a_bot_that_slack_does_not_tell_who_it_is_waits_and_loses_no_form(
    desk: Stage,
) -> None:
    world, ada = desk.world, desk.world.cast.ada
    await fills_form(ada)
    await world.bot.stop()
    silent = world.slack.faults.add("auth.test", Fault(hang=True))
    starting = asyncio.create_task(world.bot.start(timeout=60))
    await world.slack.until(lambda: len(world.slack.journal.calls("auth.test")) > 1)

    assert not await is_ready(world)
    await ada.submits()
    assert ada.alerts
    assert error_of(ada) == ""

    world.slack.faults.remove(silent)
    await starting
    await settled(desk, await presses_until_stored(world, ada))


@pytest.mark.long
@pytest.mark.fault("F12")
async def test_a_form_that_slack_opens_too_late_gives_the_text_back(desk: Stage) -> None:
    world, ada = desk.world, desk.world.cast.ada
    world.slack.faults.add("views.open", Fault(delay=3), times=1)

    await ada.types(f"/ticket {TITLE}")

    assert ada.alerts == []
    whisper = await ada.gets_whisper("Please try again")
    assert TITLE in whisper.says
    await settled(desk)
