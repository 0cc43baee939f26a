"""One ticket all the way through the real bot and worker, told so that a newcomer understands.

`python -m sandbox --once "Outlook keeps asking for my password"` ends with 0 only if every step
happened: form, receipt, triage, assignment, direct message, letter, claim, resolution.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sandbox.hiring import NotHired, hire
from sandbox.labels import Button
from sandbox.mail import Letter
from sandbox.processes import Ended, Process
from sandbox.slack.person import Person
from sandbox.slack.seen import Message
from sandbox.transcript import Transcript
from sandbox.world import World

# A step that fails once is tried again after some seconds; a worker that dies, after 35.
PATIENCE_SECONDS = 60
_LOOK_AGAIN_SECONDS = 0.05
_STORED = ("_id", "status", "title", "description", "requester")


class NotHappened(RuntimeError):
    """A step of the ticket's way did not happen; says which, and what was there instead."""


async def once(text: str) -> int:
    """Take one ticket through, with a transcript on stdout; returns the exit code."""
    tell = Transcript()
    tell.say("Starting Slack, MongoDB, Redis, mail and Gemini in simulation, and the real desk …")
    try:
        async with World() as world:
            return await _in(world, text, tell)
    except Ended as ended:
        tell.say(f"\nThe desk could not be started: {ended}")
        return 1


async def _in(world: World, text: str, tell: Transcript) -> int:
    try:
        tell.say(f"  {' and '.join(world.servers.names)}, bot and worker run", timed=True)
        await hire(world.slack, world.cast)
        tell.say("  Grace has hired Bob, Eve and Mo with /ticket admin", timed=True)
        await _walk(world, text, tell)
    except (NotHappened, NotHired, TimeoutError, LookupError) as fault:
        tell.say(f"\nNOT EVERY STEP HAPPENED: {fault}")
        for process in (world.bot, world.worker):
            tell.log(process.name, _last_lines(process))
        return 1
    tell.timings()
    tell.say("\nEvery step happened.")
    return 0


async def _walk(world: World, text: str, tell: Transcript) -> None:
    ada = world.cast.ada
    number = await _opened(world, ada, text, tell)
    stored = await _stored(world, number)
    tell.step("What was stored", "before anybody was told; the queue only rings for it")
    tell.show(_fields(stored, _STORED), f"to be done  {_steps(stored)}")

    assignee, card = await _offered(world, number, tell)
    await _told(world, number, assignee, card, tell)
    await _claimed(world, number, assignee, card, tell)
    await _resolved(world, number, assignee, tell)

    tell.step("Nothing is left to do", "the ticket's history, as it is stored")
    done = await _all_done(world, number)
    tell.show(*(_event(world, event) for event in done["history"]))


async def _opened(world: World, ada: Person, text: str, tell: Transcript) -> str:
    """Type, see the form, send it, read the number on the receipt."""
    tell.step("Ada asks", f"she types: /ticket {text}")
    await ada.types(f"/ticket {text}")
    form = ada.modal
    if form is None or form.submit is None:
        raise NotHappened(f"no form opened; Slack said {ada.alerts}, the desk {_last(ada)!r}")
    filled = {label: value for label, value in form.values.items() if value}
    tell.show(f"A form opens: {form.title}", _fields(filled))
    tell.start()
    await ada.submits()
    receipt = ada.modal
    if receipt is None or receipt.errors:
        raise NotHappened(f"no receipt: {receipt.errors if receipt else ada.alerts}")
    tell.done("receipt")
    tell.show(f"She presses {form.submit}, and the form turns into a receipt:", receipt.says)
    await ada.closes()
    return receipt.title.split()[-1]


async def _offered(world: World, number: str, tell: Transcript) -> tuple[Person, Message]:
    """Wait for a moderator's card; say what triage said, and why it is them."""
    offers = await world.slack.until(
        lambda: _offers(world, number),
        timeout=PATIENCE_SECONDS,
        waiting_for=f"somebody to be offered {number}",
    )
    assignee, card = offers[0]
    tell.done("direct message to the moderator")
    ticket = await _stored(world, number)
    tell.step("Triage", "Gemini's stand-in has read it; it only knows the words it was given")
    tell.show(_fields(ticket.get("triage") or {}))
    tell.step("Assignment", f"it goes to {assignee.real_name}")
    tell.show(f"Why: {ticket['reason']}")
    return assignee, card


async def _told(
    world: World, number: str, assignee: Person, card: Message, tell: Transcript
) -> None:
    tell.step(f"{assignee.real_name} is told in Slack", "a direct message from Frontdesk")
    tell.show(card.says)
    letter = await _letter(world, number, assignee)
    tell.done("e-mail")
    tell.step(f"{assignee.real_name} is told by e-mail", f"to {', '.join(letter.recipients)}")
    tell.show(f"Subject: {letter.subject}", "", letter.text.rstrip())
    mine = await world.cast.ada.gets_message(
        lambda one: number in one.says and assignee.real_name in one.says,
        timeout=PATIENCE_SECONDS,
    )
    tell.step("Ada's own card", "it always shows who has the ticket and what happens next")
    tell.show(mine.says)


async def _claimed(
    world: World, number: str, assignee: Person, card: Message, tell: Transcript
) -> None:
    tell.start()
    await assignee.clicks(card, Button.CLAIM)
    now = await assignee.gets_message(_of(number, Button.RESOLVE), timeout=PATIENCE_SECONDS)
    tell.done("claim, until the card has changed")
    tell.step(f"{assignee.real_name} presses {Button.CLAIM}", "what is new on the same card")
    tell.show(*(line for line in now.says.splitlines() if line not in card.says.splitlines()))
    tell.start()
    await assignee.clicks(now, Button.RESOLVE)


async def _resolved(world: World, number: str, assignee: Person, tell: Transcript) -> None:
    asked = await world.cast.ada.gets_message(_of(number, Button.REOPEN), timeout=PATIENCE_SECONDS)
    tell.done("resolution, until Ada is asked")
    tell.step(f"{assignee.real_name} presses {Button.RESOLVE}", "Ada is asked whether it helped")
    tell.show(asked.says)


def _offers(world: World, number: str) -> list[tuple[Person, Message]]:
    """Cards with the button, and who has them before their eyes."""
    fits = _of(number, Button.CLAIM)
    people = world.slack.people
    return [(person, one) for person in people for one in person.messages if fits(one)]


def _of(number: str, button: Button) -> Callable[[Message], bool]:
    return lambda message: number in message.says and button in message.buttons


async def _letter(world: World, number: str, assignee: Person) -> Letter:
    letters = await world.mail.until(
        lambda: [one for one in world.mail.letters_to(assignee.email) if number in one.subject],
        timeout=PATIENCE_SECONDS,
        waiting_for=f"a letter to {assignee.email}",
    )
    return letters[0]


async def _stored(world: World, number: str) -> dict[str, Any]:
    ticket = await world.database["tickets"].find_one({"_id": number})
    if ticket is None:
        raise NotHappened(f"{number} is on the receipt, but not in the database")
    return ticket


async def _all_done(world: World, number: str) -> dict[str, Any]:
    """The ticket once no step is pending; the database does not call us, so look again."""
    until = time.monotonic() + PATIENCE_SECONDS
    while (ticket := await _stored(world, number))["pending"]:
        dead = [step for step in ticket["pending"] if step["due"] is None]
        if dead or time.monotonic() > until:
            raise NotHappened(f"steps are left: {ticket['pending']}")
        await asyncio.sleep(_LOOK_AGAIN_SECONDS)
    return ticket


def _steps(ticket: Mapping[str, Any]) -> str:
    return ", ".join(entry["step"] for entry in ticket["pending"])


def _fields(document: Mapping[str, Any], names: Iterable[str] = ()) -> str:
    shown = {name: document[name] for name in names or document if document.get(name)}
    width = max((len(name) for name in shown), default=0)
    lines = (f"{name:<{width}}  {_shown(value)}" for name, value in shown.items())
    return "\n".join(lines)


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _event(world: World, event: dict[str, Any]) -> str:
    who = world.slack.person(event["who"]).real_name if event["who"] else "the desk"
    return f"{event['at']:%H:%M:%S.%f}"[:-3] + f"  {event['what']:<9} by {who}"


def _last(person: Person) -> str:
    heard = [*person.messages, *person.whispers]
    return heard[-1].says if heard else ""


def _last_lines(process: Process, count: int = 15) -> str:
    return "\n".join(process.log.splitlines()[-count:])
