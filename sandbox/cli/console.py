"""The demo's prompt: each line is something that somebody does in Slack."""

import asyncio
import re
import sys
import threading
from collections.abc import Iterable
from contextlib import suppress

from sandbox.slack.actors.person import Person
from sandbox.slack.actors.rendered import Message, Modal
from sandbox.slack.workspace import Workspace

HELP_TEXT = """\
  What you can type
    /ticket my printer jams          Ada types it, and a form opens before her
    Description = it is the red one  fills in the form that is open
    (an empty line)                  presses the first button of the form that is open
    close                            closes a form without sending it
    as mo: click Claim               the newest button of that name; or: click Claim in T-1
    as grace: /ticket admin          anybody can do any of this; without a name it is Ada"""
_AS_PERSON = re.compile(r"as\s+(?P<who>[^:]+?)\s*:\s*(?P<what>.*)", re.IGNORECASE)
_CLICK = re.compile(r"click\s+(?P<button>.+?)(\s+in\s+(?P<where>.+))?", re.IGNORECASE)
_FILL = re.compile(r"(?P<label>[^=]*[^=\s])\s*=\s*(?P<value>.*)")
_PROMPT = "> "


class Console:
    """Does what is typed, and says what happens above the line that is being typed."""

    def __init__(self, slack: Workspace, default_person: Person) -> None:
        """The asker is who types a command when no name is given."""
        self._slack = slack
        self._default_person = self._last_person = default_person
        self._prompt = _PROMPT if sys.stdin and sys.stdin.isatty() else ""

    def show(self, title: str, lines: Iterable[str] = ()) -> None:
        """Say it, and ask for the next line."""
        text = "\n".join([title, *(f"  │ {line}".rstrip() for line in lines)])
        back = "\r" if self._prompt else ""
        print(f"{back}{text}\n\n{self._prompt}", end="", flush=True)

    async def run_prompt(self) -> None:
        """Do what is typed, until nobody types any more."""
        print(f"\n{self._prompt}", end="", flush=True)
        typed = _read_lines(asyncio.get_running_loop())
        while (line := await typed.get()) is not None:
            await self._run_line(line.strip())

    async def _run_line(self, line: str) -> None:
        try:
            said = _AS_PERSON.fullmatch(line)
            what = said["what"] if said else line
            person = self._get_person(said["who"]) if said else self._guess_person(what)
            await self._run_action(person, what)
            self._last_person = person
        except LookupError as impossible:
            self.show(f"That can't be done: {impossible}")

    def _get_person(self, name: str) -> Person:
        """By handle or name, in small letters or capitals."""
        for person in self._slack.people:
            if name.lower() in (person.handle.lower(), person.real_name.lower()):
                return person
        there = ", ".join(person.handle for person in self._slack.people)
        raise LookupError(f"there is nobody called {name!r}, only: {there}.")

    def _guess_person(self, what: str) -> Person:
        """What is said of a form is said of one that is open, best of the one last used."""
        of_form = not what or what == "close" or _FILL.fullmatch(what)
        if what.startswith("/") or not of_form:
            return self._default_person
        likely = [self._last_person, *self._slack.people]
        return next((person for person in likely if person.modal), self._default_person)

    async def _run_action(self, person: Person, what: str) -> None:
        form = person.modal
        if what.startswith("/"):
            await person.type_text(what)
        elif found := _CLICK.fullmatch(what):
            await _click(person, found["button"], found["where"] or "")
        elif form and what == "close":
            await person.close_modal()
        elif form and not what:
            await (person.submit_modal() if form.submit else person.close_modal())
        elif form and (found := _FILL.fullmatch(what)):
            await _fill(person, form, found["label"], found["value"])
        else:
            self.show(HELP_TEXT if what else "No form is open. Try: /ticket my printer jams")


async def _click(person: Person, button: str, where: str) -> None:
    seen: list[Message | Modal] = [*person.messages, *person.ephemeral_messages]
    seen += [person.modal] if person.modal else []
    for one in reversed(seen):
        for label in one.buttons:
            if label.lower() == button.lower() and re.search(
                rf"{re.escape(where)}\b", one.visible_text
            ):
                await person.click(one, label)
                return
    there = f" in {where!r}" if where else ""
    raise LookupError(f"{person.real_name} sees no button {button!r}{there}.")


async def _fill(person: Person, form: Modal, name: str, value: str) -> None:
    """The label may be shortened; several values stand between commas."""
    near = [label for label in form.labels if name.lower() in label.lower()]
    exact = [label for label in near if name.lower() == label.lower()]
    if len(exact or near) != 1:
        raise LookupError(f"the form has no one field {name!r}, but: {', '.join(form.labels)}.")
    [label] = exact or near
    several = isinstance(form.values[label], list)
    values = [one.strip() for one in value.split(",")]
    await person.fill(label, values if several and value else value)


def _read_lines(loop: asyncio.AbstractEventLoop) -> asyncio.Queue[str | None]:
    """Lines as they are typed, then None; from a terminal, a pipe or a file alike."""
    typed: asyncio.Queue[str | None] = asyncio.Queue()

    def read() -> None:
        # Unbuffered: at the end a thread inside a buffered read would be a fatal error.
        # The terminal may be gone already, or the loop by the time that a line comes.
        with suppress(OSError, RuntimeError), open(0, "rb", buffering=0, closefd=False) as lines:
            for line in lines:
                loop.call_soon_threadsafe(typed.put_nowait, line.decode(errors="replace"))
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(typed.put_nowait, None)

    threading.Thread(target=read, daemon=True).start()
    return typed
