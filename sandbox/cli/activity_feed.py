"""Says what each person sees, as it happens, and keeps their letters as files."""

import asyncio
import math
from collections.abc import Callable, Iterator
from pathlib import Path

from sandbox.cli.render_text import new_lines, render_lines
from sandbox.services.mail_server import ReceivedEmail
from sandbox.slack.actors.person import Person
from sandbox.world.world import World

ShowLines = Callable[[str, list[str]], None]
# Whose, what, and which one of them.
ItemKey = tuple[Person, str, str]
_NEW_ITEM_TITLES = {
    "message": "{} gets a message:",
    "whisper": "{} alone sees:",
    "form": "A form opens before {}; an empty line presses its first button:",
    "alert": "Slack itself tells {}:",
}


class ActivityFeed:
    """Looks over everybody's shoulder; each thing is said once."""

    def __init__(self, world: World, email_folder: Path, show: ShowLines) -> None:
        """From now on; `letters` is the folder that gets every letter as a file."""
        self._world = world
        self._email_folder = email_folder
        self._show = show
        self._shown_items = dict(self._visible_items())
        self._shown_email_count = len(world.mail.inbox)

    async def run(self) -> None:
        """Watch until cancelled."""
        self._email_folder.mkdir(exist_ok=True)
        async with asyncio.TaskGroup() as both:
            both.create_task(self._watch_slack())
            both.create_task(self._watch_mail())

    async def _watch_slack(self) -> None:
        while True:
            now = await self._world.slack.wait_until(self._changed_items, timeout_seconds=math.inf)
            for place, lines in now.items():
                self._show_change(place, self._shown_items.get(place), lines)
            for person, kind, _ in self._shown_items.keys() - now.keys():
                self._show(f"{person.real_name}'s {kind} is gone.", [])
            self._shown_items = now

    def _show_change(self, place: ItemKey, before: list[str] | None, now: list[str]) -> None:
        person, kind, _ = place
        if before is None:
            self._show(_NEW_ITEM_TITLES[kind].format(person.real_name), now)
        elif changed := new_lines(before, now):
            self._show(f"{person.real_name}'s {kind} now says:", changed)

    async def _watch_mail(self) -> None:
        mail = self._world.mail
        while True:
            for letter in await mail.wait_until(
                lambda: mail.inbox[self._shown_email_count :], timeout_seconds=math.inf
            ):
                self._shown_email_count += 1
                to, subject = letter.message["To"], letter.subject
                self._show(f"A letter arrives for {to}:", [subject, str(self._save_email(letter))])

    def _save_email(self, letter: ReceivedEmail) -> Path:
        number = sum(1 for _ in self._email_folder.iterdir()) + 1
        path = self._email_folder / f"{number:04}.eml"
        path.write_bytes(letter.message.as_bytes())
        return path

    def _changed_items(self) -> dict[ItemKey, list[str]]:
        """What stands before everybody, when it is not what stood there before."""
        now = dict(self._visible_items())
        return now if now != self._shown_items else {}

    def _visible_items(self) -> Iterator[tuple[ItemKey, list[str]]]:
        names = self._world.slack.state.display_name
        for person in self._world.slack.people:
            for message in person.messages:
                yield (person, "message", message.ts), render_lines(message, names)
            for whisper in person.ephemeral_messages:
                yield (person, "whisper", whisper.ts), render_lines(whisper, names)
            if form := person.modal:
                yield (person, "form", form.id), render_lines(form, names)
            for number, alert in enumerate(person.alerts):
                yield (person, "alert", str(number)), [alert]
