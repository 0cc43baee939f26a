"""The demo's prompt: each typed line is an action of a person in Slack."""

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
  Commands of this prompt
    /ticket my printer jams          Ada types this and gets a form
    Description = it is the red one  fills in a field of the open form
    (an empty line)                  presses the first button of the open form
    close                            closes the form without sending it
    as mo: click Claim               presses Mo's newest button of that name; or: click Claim in T-1
    as grace: /ticket admin          acts as another person; without a name it is Ada"""
_AS_PERSON = re.compile(r"as\s+(?P<person>[^:]+?)\s*:\s*(?P<action>.*)", re.IGNORECASE)
_CLICK = re.compile(r"click\s+(?P<button>.+?)(\s+in\s+(?P<ticket>.+))?", re.IGNORECASE)
_FILL = re.compile(r"(?P<label>[^=]*[^=\s])\s*=\s*(?P<value>.*)")
_PROMPT = "> "


class Console:
    """Runs typed lines, and prints events above the line that is being typed."""

    def __init__(self, slack: Workspace, default_person: Person) -> None:
        """Start a console for a workspace.

        Args:
            slack: the simulated workspace.
            default_person: acts if a line names nobody.
        """
        self._slack = slack
        self._default_person = self._last_person = default_person
        self._prompt = _PROMPT if sys.stdin and sys.stdin.isatty() else ""

    def show(self, title: str, lines: Iterable[str] = ()) -> None:
        """Print a title with lines, and the prompt again."""
        text = "\n".join([title, *(f"  │ {line}".rstrip() for line in lines)])
        back = "\r" if self._prompt else ""
        print(f"{back}{text}\n\n{self._prompt}", end="", flush=True)

    async def run_prompt(self) -> None:
        """Run typed lines until the input ends."""
        print(f"\n{self._prompt}", end="", flush=True)
        lines = _read_lines(asyncio.get_running_loop())
        while (line := await lines.get()) is not None:
            await self._run_line(line.strip())

    async def _run_line(self, line: str) -> None:
        try:
            match = _AS_PERSON.fullmatch(line)
            action = match["action"] if match else line
            person = self._get_person(match["person"]) if match else self._guess_person(action)
            await self._run_action(person, action)
            self._last_person = person
        except LookupError as error:
            self.show(f"This is not possible: {error}")

    def _get_person(self, name: str) -> Person:
        """Find a person by handle or name, in upper or lower case."""
        for person in self._slack.people:
            if name.lower() in (person.handle.lower(), person.real_name.lower()):
                return person
        handles = ", ".join(person.handle for person in self._slack.people)
        raise LookupError(f"there is nobody called {name!r}, only: {handles}.")

    def _guess_person(self, action: str) -> Person:
        """A form action is for a person with an open form, preferably the last one who acted."""
        is_form_action = not action or action == "close" or _FILL.fullmatch(action)
        if action.startswith("/") or not is_form_action:
            return self._default_person
        candidates = [self._last_person, *self._slack.people]
        return next((person for person in candidates if person.modal), self._default_person)

    async def _run_action(self, person: Person, action: str) -> None:
        form = person.modal
        if action.startswith("/"):
            await person.type_text(action)
        elif match := _CLICK.fullmatch(action):
            await _click(person, match["button"], match["ticket"] or "")
        elif form and action == "close":
            await person.close_modal()
        elif form and not action:
            await (person.submit_modal() if form.submit else person.close_modal())
        elif form and (match := _FILL.fullmatch(action)):
            await _fill(person, form, match["label"], match["value"])
        else:
            self.show(HELP_TEXT if action else "No form is open. Try: /ticket my printer jams")


async def _click(person: Person, button: str, text: str) -> None:
    """Press the newest button of a name, in a message or form with a text."""
    surfaces: list[Message | Modal] = [*person.messages, *person.ephemeral_messages]
    surfaces += [person.modal] if person.modal else []
    for surface in reversed(surfaces):
        for label in surface.buttons:
            if label.lower() == button.lower() and re.search(
                rf"{re.escape(text)}\b", surface.visible_text
            ):
                await person.click(surface, label)
                return
    condition = f" in {text!r}" if text else ""
    raise LookupError(f"{person.real_name} sees no button {button!r}{condition}.")


async def _fill(person: Person, form: Modal, name: str, value: str) -> None:
    """Fill in a field; the name may be a part of the label, commas separate several values."""
    similar = [label for label in form.labels if name.lower() in label.lower()]
    exact = [label for label in similar if name.lower() == label.lower()]
    if len(exact or similar) != 1:
        raise LookupError(f"{name!r} is not one field of the form: {', '.join(form.labels)}.")
    [label] = exact or similar
    takes_several = isinstance(form.values[label], list)
    values = [part.strip() for part in value.split(",")]
    await person.fill(label, values if takes_several and value else value)


def _read_lines(loop: asyncio.AbstractEventLoop) -> asyncio.Queue[str | None]:
    """Typed lines, then None; the input may be a terminal, a pipe or a file."""
    queue: asyncio.Queue[str | None] = asyncio.Queue()

    def read() -> None:
        # Unbuffered, because Python ends with a fatal error if a thread is inside a buffered read.
        # OSError: the terminal is already closed. RuntimeError: the event loop is closed.
        with suppress(OSError, RuntimeError), open(0, "rb", buffering=0, closefd=False) as lines:
            for line in lines:
                loop.call_soon_threadsafe(queue.put_nowait, line.decode(errors="replace"))
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(queue.put_nowait, None)

    threading.Thread(target=read, daemon=True).start()
    return queue
