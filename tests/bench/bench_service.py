"""A bot with its workers, and helpers that submit tickets to it."""

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
    """A bot with one or more workers, without rate limits."""

    environment: BenchEnvironment
    deployment: Deployment
    form: dict[str, Any]
    bot: Process
    workers: list[Process]

    @classmethod
    async def start(cls, environment: BenchEnvironment, **variables: str) -> Self:
        """Start a bot and one worker, with these additional environment variables."""
        deployment = environment.new_deployment(
            **variables, **hook_environment(**{SABOTAGE_VARIABLE: "no rate limits"})
        )
        bot = await environment.start_bot(deployment)
        await environment.add_moderators(deployment)
        worker = await environment.start_worker(deployment)
        await send_requests(
            Target(f"{deployment.url}/slack/events"), [slack_requests.ticket_command()], clients=1
        )
        return cls(environment, deployment, await environment.last_form(), bot, [worker])

    async def stop(self) -> None:
        for process in (*self.workers, self.bot):
            await process.stop()

    async def start_workers(self, worker_count: int) -> None:
        """Start workers until there are this many."""
        while len(self.workers) < worker_count:
            name = f"worker{len(self.workers) + 1}"
            self.workers.append(await self.environment.start_worker(self.deployment, name))

    async def submit_tickets(self, tickets: int) -> None:
        """Submit this number of forms."""
        requests = [
            slack_requests.form_submission(self.form, slack_requests.random_title())
            for _ in range(tickets)
        ]
        await send_requests(
            Target(f"{self.deployment.url}/slack/events"), requests, clients=slack_requests.PEOPLE
        )

    async def fill_up_to(self, tickets: int) -> int:
        """Submit tickets until there are this many, wait for them, and return their number."""
        stored_count = await self.environment.database(self.deployment).tickets.count_documents({})
        await self.submit_tickets(max(0, tickets - int(stored_count)))
        await self.wait_until_idle()
        return max(int(stored_count), tickets)

    async def wait_until_idle(self) -> None:
        await wait_until_idle(self.environment, self.deployment)

    async def tickets_per_second(self, tickets: int) -> float:
        """Submit tickets while the workers are suspended, and measure how fast they then finish."""
        self._suspend_workers()
        await self.submit_tickets(tickets)
        started = time.perf_counter()
        self._resume_workers()
        await self.wait_until_idle()
        return tickets / (time.perf_counter() - started)

    async def replay_calls(
        self,
        recording: CallRecording,
        calls: Iterable[Call],
        *,
        tickets: int,
        concurrency: int,
        stored: bool,
    ) -> Any:
        """Replay the calls with a script. Workers are suspended, as they would take its tickets."""
        path = self.environment.folder / "calls.json"
        settings = {
            "mongodb_uri": self.deployment.environment["MONGODB_URI"],
            "database": self.deployment.environment["MONGODB_DATABASE"],
            "slack_url": self.deployment.environment["SLACK_API_URL"],
            "smtp_port": int(self.deployment.environment["SMTP_PORT"]),
            "stored": stored,
        }
        recording.save(path, calls=calls, settings=settings)
        arguments = ("--tickets", str(tickets), "--concurrency", str(concurrency))
        command = (sys.executable, "-m", "tests.bench.call_replay", str(path), *arguments)
        self._suspend_workers()
        process = await asyncio.create_subprocess_exec(*command, stdout=PIPE)
        output, _ = await process.communicate()
        database = self.environment.database(self.deployment)
        await database.tickets.delete_many({"_id": {"$regex": "^T-1[0-9]{6}$"}})
        self._resume_workers()
        return json.loads(output)

    def _suspend_workers(self) -> None:
        for worker in self.workers:
            worker.suspend()

    def _resume_workers(self) -> None:
        for worker in self.workers:
            worker.resume()
