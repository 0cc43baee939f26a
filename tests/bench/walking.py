"""A desk that tickets walk through: its bot, its workers, and the form that is sent to it."""

import asyncio
import json
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from sandbox.processes import Process
from tests.bench import requests
from tests.bench.load import Target, put_on
from tests.bench.recording import Call, Recorded
from tests.bench.settling import settles
from tests.bench.stage import Place, Stage
from tests.sabotage.sitecustomize import SABOTAGE, told


@dataclass(frozen=True, slots=True)
class Walking:
    """A desk with one worker, or several, to which Slack sets no limits."""

    stage: Stage
    place: Place
    form: dict[str, Any]
    bot: Process
    workers: list[Process]

    @classmethod
    async def begin(cls, stage: Stage, **more: str) -> Self:
        """A desk with one worker; `more` is what its environment has besides."""
        place = stage.new_place(**more, **told(**{SABOTAGE: "a generous Slack"}))
        bot = await stage.bot(place)
        await stage.hire(place)
        worker = await stage.worker(place)
        await put_on(Target(f"{place.url}/slack/events"), [requests.command()], people=1)
        return cls(stage, place, await stage.last_form(), bot, [worker])

    async def end(self) -> None:
        """Stop its processes."""
        for process in (*self.workers, self.bot):
            await process.stop()

    async def hire(self, workers: int) -> None:
        """Have so many workers."""
        while len(self.workers) < workers:
            name = f"worker{len(self.workers) + 1}"
            self.workers.append(await self.stage.worker(self.place, name))

    async def submit(self, tickets: int) -> None:
        """So many people send the form."""
        sent = [requests.submission(self.form, requests.title()) for _ in range(tickets)]
        await put_on(Target(f"{self.place.url}/slack/events"), sent, people=requests.PEOPLE)

    async def goes_on_until(self, tickets: int) -> int:
        """Have so many tickets, all of them done; gives how many there are then."""
        there = await self.stage.database(self.place).tickets.count_documents({})
        await self.submit(max(0, tickets - int(there)))
        await self.settles()
        return max(int(there), tickets)

    async def settles(self) -> None:
        """Return when nothing is to be done any more."""
        await settles(self.stage, self.place)

    async def walked(self, tickets: int) -> float:
        """Tickets a second, when so many wait and then the workers begin."""
        self._freeze()
        await self.submit(tickets)
        began = time.perf_counter()
        self._thaw()
        await self.settles()
        return tickets / (time.perf_counter() - began)

    async def bare(
        self,
        recorded: Recorded,
        calls: Iterable[Call],
        *,
        tickets: int,
        at_once: int,
        stored: bool,
    ) -> Any:
        """The same calls, made by a script; whose tickets look like the desk's own to a worker."""
        path = self.stage.folder / "calls.json"
        settings = {
            "mongodb_uri": self.place.environment["MONGODB_URI"],
            "database": self.place.environment["MONGODB_DATABASE"],
            "slack_url": self.place.environment["SLACK_API_URL"],
            "smtp_port": int(self.place.environment["SMTP_PORT"]),
            "stored": stored,
        }
        recorded.save(path, calls=calls, settings=settings)
        many = ("--tickets", str(tickets), "--at-once", str(at_once))
        command = (sys.executable, "-m", "tests.bench.replay", str(path), *many)
        self._freeze()
        ran = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
        said, _ = await ran.communicate()
        database = self.stage.database(self.place)
        await database.tickets.delete_many({"_id": {"$regex": "^T-1[0-9]{6}$"}})
        self._thaw()
        return json.loads(said)

    def _freeze(self) -> None:
        for worker in self.workers:
            worker.freeze()

    def _thaw(self) -> None:
        for worker in self.workers:
            worker.thaw()
