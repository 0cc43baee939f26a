"""The measured processes: bot, worker, minimal apps, and the servers they share."""

import json
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from aiohttp import ClientError, ClientSession
from pymongo import AsyncMongoClient

from models.people.member import Member, Role
from sandbox.services.database_servers import DatabaseServers, find_free_port
from sandbox.services.processes import Process, ReadyCheck
from tests.project import ROOT

SECRET = "a signing secret of this machine"
TEAM = "T0BENCH"
_MODERATOR_COUNT = 8


@dataclass(frozen=True, slots=True)
class Deployment:
    """The environment variables of one bot and its workers, with their own database and queue."""

    environment: dict[str, str]

    @property
    def url(self) -> str:
        """The URL of the bot."""
        return f"http://127.0.0.1:{self.environment['PORT']}"


class BenchEnvironment:
    """An async context manager: servers and stand-ins run until its block ends."""

    def __init__(self) -> None:
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self.folder = Path(self._stack.enter_context(TemporaryDirectory(prefix="bench-")))
        self.servers = await self._stack.enter_async_context(
            DatabaseServers(self.folder / "servers")
        )
        self.http = await self._stack.enter_async_context(ClientSession())
        self._mongo = AsyncMongoClient[dict[str, Any]](self.servers.mongodb_uri, tz_aware=True)
        self._stack.push_async_callback(self._mongo.close)
        self._stand_ins_port, self._smtp_port = find_free_port(), find_free_port()
        env = {"PORT": str(self._stand_ins_port), "SMTP_PORT": str(self._smtp_port)}
        await self.start_process(
            "instant", "-m", "tests.bench.stand_ins", env=env, ready=self._stand_ins_ready
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    @property
    def stand_ins_url(self) -> str:
        """The URL of the stand-ins."""
        return f"http://127.0.0.1:{self._stand_ins_port}"

    def new_deployment(self, **variables: str) -> Deployment:
        """A deployment with an empty database, and these additional environment variables."""
        redis_url = self.servers.new_redis_url()
        environment = {
            "SLACK_BOT_TOKEN": "xoxb-bench",
            "SLACK_SIGNING_SECRET": SECRET,
            "SLACK_API_URL": f"{self.stand_ins_url}/api/",
            "MONGODB_URI": f"{self.servers.mongodb_uri}/?retryWrites=false",
            "MONGODB_DATABASE": f"bench{redis_url.rpartition('/')[2]}",
            "REDIS_URL": redis_url,
            "GEMINI_API_KEY": "bench",
            "GEMINI_API_ENDPOINT": self.stand_ins_url,
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(self._smtp_port),
            "SMTP_STARTTLS": "false",
            "JWT_SECRET": "x" * 32,
            "ADMIN_SLACK_IDS": "U0ADMIN",
            "HOST": "127.0.0.1",
            "PORT": str(find_free_port()),
        }
        return Deployment(environment | variables)

    def database(self, deployment: Deployment) -> Any:
        """The database of a deployment."""
        return self._mongo[deployment.environment["MONGODB_DATABASE"]]

    async def start_bot(self, deployment: Deployment) -> Process:
        """Start a bot that runs until the end."""
        return await self.start_process(
            "bot", "-m", "bot", env=deployment.environment, ready=self.bot_ready(deployment)
        )

    async def start_worker(self, deployment: Deployment, name: str = "worker") -> Process:
        """Start a worker that runs until the end."""

        async def is_ready() -> bool:
            return "ready for work" in worker.current_run_log

        argv = ("-m", "arq", "jobs.worker.WorkerSettings")
        worker = self.make_process(name, *argv, env=deployment.environment, ready=is_ready)
        await self.start_until_exit(worker)
        return worker

    def bot_ready(self, deployment: Deployment) -> ReadyCheck:
        """A check whether the bot is ready."""
        return self._returns_ok(f"{deployment.url}/readyz")

    def make_process(
        self, name: str, *argv: str, env: Mapping[str, str], ready: ReadyCheck
    ) -> Process:
        """A Python process that is not started yet."""
        environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", **env}
        unique_name = f"{name}-{uuid4().hex[:6]}"
        return Process(
            unique_name,
            [sys.executable, *argv],
            is_ready=ready,
            folder=self.folder,
            env=environment,
        )

    async def start_process(
        self, name: str, *argv: str, env: Mapping[str, str], ready: ReadyCheck
    ) -> Process:
        """Start a Python process that runs until the end."""
        process = self.make_process(name, *argv, env=env, ready=ready)
        await self.start_until_exit(process)
        return process

    async def stand_in_call_counts(self) -> dict[str, int]:
        """The number of calls of each kind to the stand-ins so far."""
        async with self.http.get(f"{self.stand_ins_url}/counts") as answer:
            counts: dict[str, int] = await answer.json()
        return counts

    async def take_request_log(self) -> list[dict[str, Any]]:
        """The requests to the stand-ins since the last call of this method."""
        async with self.http.get(f"{self.stand_ins_url}/requests") as answer:
            requests: list[dict[str, Any]] = await answer.json()
        return requests

    async def add_moderators(self, deployment: Deployment) -> None:
        """Store moderators, as if an admin had added them."""
        members = [
            Member(
                team_id=TEAM,
                slack_id=f"UMOD{number}",
                role=Role.MODERATOR,
                appointed=True,
                skills=("vpn",),
            ).model_dump(mode="json")
            for number in range(_MODERATOR_COUNT)
        ]
        await self.database(deployment).members.insert_many(
            [member | {"_id": f"{TEAM}:{member['slack_id']}"} for member in members]
        )

    async def last_form(self) -> dict[str, Any]:
        """The form of the last `views.open`."""
        async with self.http.get(f"{self.stand_ins_url}/view") as answer:
            view: dict[str, Any] = await answer.json()
        return view

    async def set_delays(self, **seconds: float) -> None:
        """Set the delays of the stand-ins `slack`, `gemini` and `smtp`."""
        async with self.http.post(f"{self.stand_ins_url}/delays", data=json.dumps(seconds)):
            pass

    async def start_until_exit(self, process: Process) -> None:
        """Start a process and kill it at the end."""
        self._stack.push_async_callback(process.kill)
        await process.start(timeout_seconds=60)

    async def _stand_ins_ready(self) -> bool:
        return await self._returns_ok(f"{self.stand_ins_url}/counts")()

    def accepts_requests(self, url: str) -> ReadyCheck:
        """A check whether a server answers requests at the URL, with any status."""

        async def has_answer() -> bool:
            try:
                async with self.http.post(url):
                    return True
            except ClientError:
                return False

        return has_answer

    def _returns_ok(self, url: str) -> ReadyCheck:
        async def is_ok() -> bool:
            try:
                async with self.http.get(url) as answer:
                    return answer.ok
            except ClientError:
                return False

        return is_ok
