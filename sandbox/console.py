"""The demo's prompt: type what somebody does, as somebody does it in Slack."""

import asyncio
import os
import re
import sys

from sandbox.slack.person import Person
from sandbox.slack.seen import Message, Modal
from sandbox.slack.workspace import Workspace

HELP = """\
Type what people do, and watch what each of them sees:
  /ticket my vpn is down           Ada opens the form …
  as ada: fill Description: since this morning
  as ada: submit                   … and sends it
  as bob: click Claim              the newest button of that name
  as bob: look                     all that stands before him
  as grace: /ticket admin          any command; as grace: close   closes a form"""
_LINE = re.compile(r"as (?P<who>\w+):\s*(?P<what>.+)")


async def converse(slack: Workspace) -> None:
    """Do what is typed, until nobody types any more."""
    typed: asyncio.Queue[str] = asyncio.Queue()
    loop, terminal = asyncio.get_running_loop(), sys.stdin.fileno()
    loop.add_reader(terminal, _take, terminal, typed)
    try:
        while line := await typed.get():
            if line.strip():
                await _do(slack, line.strip())
    finally:
        loop.remove_reader(terminal)


def _take(terminal: int, typed: asyncio.Queue[str]) -> None:
    """A terminal gives whole lines, and nothing at all when it is closed."""
    # Not through sys.stdin, which would keep back what is pasted after the first line.
    text = os.read(terminal, 65536).decode(errors="replace")
    for line in text.splitlines(keepends=True) or [""]:
        typed.put_nowait(line)


async def _do(slack: Workspace, line: str) -> None:
    said = _LINE.fullmatch(line if not line.startswith("/") else f"as ada: {line}")
    if said is None:
        print(HELP, flush=True)
        return
    try:
        await _act(slack.person(said["who"]), said["what"].strip())
    except LookupError as impossible:
        print(f"That can't be done: {impossible}", flush=True)


async def _act(person: Person, what: str) -> None:
    verb, _, rest = what.partition(" ")
    match verb:
        case "click":
            await _click(person, rest.strip())
        case "fill":
            label, _, value = rest.partition(":")
            await person.fills(label.strip(), value.strip())
        case "submit":
            await person.submits()
        case "close":
            await person.closes()
        case "look":
            _look(person)
        case _:
            await person.types(what)


async def _click(person: Person, button: str) -> None:
    place = next((one for one in reversed(_sights(person)) if button in one.buttons), None)
    if place is None:
        raise LookupError(f"{person.real_name} sees no button {button!r}.")
    await person.clicks(place, button)


def _look(person: Person) -> None:
    for one in _sights(person):
        print(f"{one.says}\n", flush=True)


def _sights(person: Person) -> list[Message | Modal]:
    """All that stands before them; a form is in front."""
    modal = [person.modal] if person.modal else []
    return [*person.messages, *person.whispers, *modal]
