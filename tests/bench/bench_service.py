"""A desk that tickets walk through: its bot, its workers, and the form that is sent to it."""

import asyncio
import json
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from sandbox.services.processes import Process
from tests.bench import slack_requests
from tests.bench.call_recording import Call, CallRecording
from tests.bench.environment import BenchEnvironment, Deployment
from tests.bench.idle_wait import wait_until_idle
from tests.bench.load_generator import Target, send_requests
from tests.sabotage.sitecustomize import SABOTAGE_VARIABLE, hook_environment


@dataclass(frozen=True, slots=True)
class BenchService:
    """A desk with one worker, or several, to which Slack sets no limits."""

    environment: BenchEnvironment
    deployment: Deployment
    form: dict[str, Any]
    bot: Process
    workers: list[Process]

    @classmethod
    async def start(cls, stage: BenchEnvironment, **more: str) -> Self:
        """A desk with one worker; `more` is what its environment has besides."""
        place = stage.new_deployment(
            **more, **hook_environment(**{SABOTAGE_VARIABLE: "no rate limits"})
        )
        bot = await stage.start_bot(place)
        await stage.add_moderators(place)
        worker = await stage.start_worker(place)
        await send_requests(
            Target(f"{place.url}/slack/events"), [slack_requests.ticket_command()], clients=1
        )
        return cls(stage, place, await stage.last_form(), bot, [worker])

    async def stop(self) -> None:
        """Stop its processes."""
        for process in (*self.workers, self.bot):
            await process.stop()

    async def start_workers(self, workers: int) -> None:
        """Have so many workers."""
        while len(self.workers) < workers:
            name = f"worker{len(self.workers) + 1}"
            self.workers.append(await self.environment.start_worker(self.deployment, name))

    async def submit_tickets(self, tickets: int) -> None:
        """So many people send the form."""
        sent = [
            slack_requests.form_submission(self.form, slack_requests.random_title())
            for _ in range(tickets)
        ]
        await send_requests(
            Target(f"{self.deployment.url}/slack/events"), sent, clients=slack_requests.PEOPLE
        )

    async def fill_up_to(self, tickets: int) -> int:
        """Have so many tickets, all of them done; gives how many there are then."""
        there = await self.environment.database(self.deployment).tickets.count_documents({})
        await self.submit_tickets(max(0, tickets - int(there)))
        await self.wait_until_idle()
        return max(int(there), tickets)

    async def wait_until_idle(self) -> None:
        """Return when nothing is to be done any more."""
        await wait_until_idle(self.environment, self.deployment)

    async def tickets_per_second(self, tickets: int) -> float:
        """Tickets a second, when so many wait and then the workers begin."""
        self._freeze_workers()
        await self.submit_tickets(tickets)
        began = time.perf_counter()
        self._thaw_workers()
        await self.wait_until_idle()
        return tickets / (time.perf_counter() - began)

    async def replay_calls(
        self,
        recording: CallRecording,
        calls: Iterable[Call],
        *,
        tickets: int,
        concurrency: int,
        stored: bool,
    ) -> Any:
        """The same calls, made by a script; whose tickets look like the desk's own to a worker."""
        path = self.environment.folder / "calls.json"
        settings = {
            "mongodb_uri": self.deployment.environment["MONGODB_URI"],
            "database": self.deployment.environment["MONGODB_DATABASE"],
            "slack_url": self.deployment.environment["SLACK_API_URL"],
            "smtp_port": int(self.deployment.environment["SMTP_PORT"]),
            "stored": stored,
        }
        recording.save(path, calls=calls, settings=settings)
        many = ("--tickets", str(tickets), "--at-once", str(concurrency))
        command = (sys.executable, "-m", "tests.bench.call_replay", str(path), *many)
        self._freeze_workers()
        ran = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
        said, _ = await ran.communicate()
        database = self.environment.database(self.deployment)
        await database.tickets.delete_many({"_id": {"$regex": "^T-1[0-9]{6}$"}})
        self._thaw_workers()
        return json.loads(said)

    def _freeze_workers(self) -> None:
        for worker in self.workers:
            worker.suspend()

    def _thaw_workers(self) -> None:
        for worker in self.workers:
            worker.resume()
