"""Says on stdout what each person sees, as it happens, and keeps their letters as files."""

import asyncio
import math
from collections.abc import Iterator
from pathlib import Path

from sandbox.mail import Letter
from sandbox.slack.person import Person
from sandbox.transcript import Transcript
from sandbox.world import World

Sights = dict[tuple[str, str, str], str]


class Watcher:
    """Looks over everybody's shoulder; each thing is said once."""

    def __init__(self, world: World, letters: Path) -> None:
        """From now on; `letters` is the folder that gets every letter as a file."""
        self._world = world
        self._letters = letters
        self._tell = Transcript()
        self._seen = self._sights()
        self._told = len(world.mail.inbox)

    async def watch(self) -> None:
        """Watch until cancelled."""
        self._letters.mkdir(exist_ok=True)
        async with asyncio.TaskGroup() as both:
            both.create_task(self._watch_slack())
            both.create_task(self._watch_mail())

    async def _watch_slack(self) -> None:
        while True:
            sights = await self._world.slack.until(self._news, timeout=math.inf)
            for (name, where, _), says in sights.items():
                self._tell.say(f"\n{name} sees, {where}:")
                self._tell.show(says)
            self._seen = self._sights()

    async def _watch_mail(self) -> None:
        while True:
            letters = await self._world.mail.until(self._new_letters, timeout=math.inf)
            self._told += len(letters)
            for letter in letters:
                self._tell.say(f"\nA letter to {', '.join(letter.recipients)}:")
                self._tell.show(letter.subject, f"all of it: {self._keep(letter)}")

    def _new_letters(self) -> list[Letter]:
        return self._world.mail.inbox[self._told :]

    def _keep(self, letter: Letter) -> Path:
        number = sum(1 for _ in self._letters.iterdir()) + 1
        path = self._letters / f"{number:04}.eml"
        path.write_bytes(letter.message.as_bytes())
        return path

    def _news(self) -> Sights:
        """What stands before somebody now and did not before."""
        return {key: says for key, says in self._sights().items() if self._seen.get(key) != says}

    def _sights(self) -> Sights:
        people = self._world.slack.people
        return {(one.real_name, *place): says for one in people for place, says in _sights_of(one)}


def _sights_of(person: Person) -> Iterator[tuple[tuple[str, str], str]]:
    for message in person.messages:
        yield ("in the messages with the app", message.ts), message.says
    for whisper in person.whispers:
        yield ("whispered", whisper.ts), whisper.says
    if person.modal:
        yield ("as a form", person.modal.id), person.modal.says
    for number, alert in enumerate(person.alerts):
        yield ("from Slack itself", str(number)), alert
