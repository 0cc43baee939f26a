"""Says what each person sees, as it happens, and keeps their letters as files."""

import asyncio
import math
from collections.abc import Callable, Iterator
from pathlib import Path

from sandbox.drawing import drawn, news
from sandbox.mail import Letter
from sandbox.slack.person import Person
from sandbox.world import World

Say = Callable[[str, list[str]], None]
# Whose, what, and which one of them.
Place = tuple[Person, str, str]
_NEW = {
    "message": "{} gets a message:",
    "whisper": "{} alone sees:",
    "form": "A form opens before {}; an empty line presses its first button:",
    "alert": "Slack itself tells {}:",
}


class Watcher:
    """Looks over everybody's shoulder; each thing is said once."""

    def __init__(self, world: World, letters: Path, say: Say) -> None:
        """From now on; `letters` is the folder that gets every letter as a file."""
        self._world = world
        self._letters = letters
        self._say = say
        self._seen = dict(self._sights())
        self._told = len(world.mail.inbox)

    async def watch(self) -> None:
        """Watch until cancelled."""
        self._letters.mkdir(exist_ok=True)
        async with asyncio.TaskGroup() as both:
            both.create_task(self._watch_slack())
            both.create_task(self._watch_mail())

    async def _watch_slack(self) -> None:
        while True:
            now = await self._world.slack.until(self._anything_else, timeout=math.inf)
            for place, lines in now.items():
                self._tell(place, self._seen.get(place), lines)
            for person, kind, _ in self._seen.keys() - now.keys():
                self._say(f"{person.real_name}'s {kind} is gone.", [])
            self._seen = now

    def _tell(self, place: Place, before: list[str] | None, now: list[str]) -> None:
        person, kind, _ = place
        if before is None:
            self._say(_NEW[kind].format(person.real_name), now)
        elif changed := news(before, now):
            self._say(f"{person.real_name}'s {kind} now says:", changed)

    async def _watch_mail(self) -> None:
        mail = self._world.mail
        while True:
            for letter in await mail.until(lambda: mail.inbox[self._told :], timeout=math.inf):
                self._told += 1
                to, subject = letter.message["To"], letter.subject
                self._say(f"A letter arrives for {to}:", [subject, str(self._kept(letter))])

    def _kept(self, letter: Letter) -> Path:
        number = sum(1 for _ in self._letters.iterdir()) + 1
        path = self._letters / f"{number:04}.eml"
        path.write_bytes(letter.message.as_bytes())
        return path

    def _anything_else(self) -> dict[Place, list[str]]:
        """What stands before everybody, when it is not what stood there before."""
        now = dict(self._sights())
        return now if now != self._seen else {}

    def _sights(self) -> Iterator[tuple[Place, list[str]]]:
        names = self._world.slack.state.name_of
        for person in self._world.slack.people:
            for message in person.messages:
                yield (person, "message", message.ts), drawn(message, names)
            for whisper in person.whispers:
                yield (person, "whisper", whisper.ts), drawn(whisper, names)
            if form := person.modal:
                yield (person, "form", form.id), drawn(form, names)
            for number, alert in enumerate(person.alerts):
                yield (person, "alert", str(number)), [alert]
