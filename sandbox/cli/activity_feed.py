"""Prints everything that people see, as it happens, and saves their e-mails as files."""

import asyncio
import math
from collections.abc import Callable, Iterator
from pathlib import Path

from sandbox.cli.render_text import new_lines, render_lines
from sandbox.services.mail_server import ReceivedEmail
from sandbox.slack.actors.person import Person
from sandbox.world.world import World

ShowLines = Callable[[str, list[str]], None]
# Person, kind of item, and the item's id.
ItemKey = tuple[Person, str, str]
_NEW_ITEM_TITLES = {
    "message": "{} gets a message:",
    "ephemeral message": "{} gets a message that only they can see:",
    "form": "{} sees a form; an empty line presses its first button:",
    "alert": "{} gets an alert from Slack:",
}


class ActivityFeed:
    """Prints each new message, form, alert and e-mail once."""

    def __init__(self, world: World, email_folder: Path, show: ShowLines) -> None:
        """Start from the current state.

        Args:
            world: the running sandbox.
            email_folder: where each e-mail is saved as a file.
            show: prints a title and lines.
        """
        self._world = world
        self._email_folder = email_folder
        self._show = show
        self._shown_items = dict(self._visible_items())
        self._shown_email_count = len(world.mail.inbox)

    async def run(self) -> None:
        """Print changes until cancelled."""
        self._email_folder.mkdir(exist_ok=True)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch_slack())
            tasks.create_task(self._watch_mail())

    async def _watch_slack(self) -> None:
        while True:
            items = await self._world.slack.wait_until(
                self._changed_items, timeout_seconds=math.inf
            )
            for key, lines in items.items():
                self._show_change(key, self._shown_items.get(key), lines)
            for person, kind, _ in self._shown_items.keys() - items.keys():
                self._show(f"{person.real_name}'s {kind} is gone.", [])
            self._shown_items = items

    def _show_change(self, key: ItemKey, before: list[str] | None, after: list[str]) -> None:
        person, kind, _ = key
        if before is None:
            self._show(_NEW_ITEM_TITLES[kind].format(person.real_name), after)
        elif changed := new_lines(before, after):
            self._show(f"{person.real_name}'s {kind} now says:", changed)

    async def _watch_mail(self) -> None:
        mail = self._world.mail
        while True:
            for email in await mail.wait_until(
                lambda: mail.inbox[self._shown_email_count :], timeout_seconds=math.inf
            ):
                self._shown_email_count += 1
                to, subject = email.message["To"], email.subject
                self._show(f"An e-mail arrives for {to}:", [subject, str(self._save_email(email))])

    def _save_email(self, email: ReceivedEmail) -> Path:
        number = sum(1 for _ in self._email_folder.iterdir()) + 1
        path = self._email_folder / f"{number:04}.eml"
        path.write_bytes(email.message.as_bytes())
        return path

    def _changed_items(self) -> dict[ItemKey, list[str]]:
        """All visible items if any has changed, otherwise an empty dict."""
        items = dict(self._visible_items())
        return items if items != self._shown_items else {}

    def _visible_items(self) -> Iterator[tuple[ItemKey, list[str]]]:
        names = self._world.slack.state.display_name
        for person in self._world.slack.people:
            for message in person.messages:
                yield (person, "message", message.ts), render_lines(message, names)
            for message in person.ephemeral_messages:
                yield (person, "ephemeral message", message.ts), render_lines(message, names)
            if form := person.modal:
                yield (person, "form", form.id), render_lines(form, names)
            for number, alert in enumerate(person.alerts):
                yield (person, "alert", str(number)), [alert]
