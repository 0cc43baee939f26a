"""What is measured, as processes: the desk, the bare handler, and the servers they share."""

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
    """One desk's own database, queue and address."""

    environment: dict[str, str]

    @property
    def url(self) -> str:
        """Where its bot listens."""
        return f"http://127.0.0.1:{self.environment['PORT']}"


class BenchEnvironment:
    """`async with Stage() as stage:` servers and stand-ins run until the block ends."""

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
        """Where the stand-ins are."""
        return f"http://127.0.0.1:{self._stand_ins_port}"

    def new_deployment(self, **more: str) -> Deployment:
        """A desk that has nothing yet; `more` is what its environment has besides."""
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
        return Deployment(environment | more)

    def database(self, place: Deployment) -> Any:
        """What the desk has stored."""
        return self._mongo[place.environment["MONGODB_DATABASE"]]

    async def start_bot(self, place: Deployment) -> Process:
        """A bot, which runs until the end."""
        return await self.start_process(
            "bot", "-m", "bot", env=place.environment, ready=self.bot_ready(place)
        )

    async def start_worker(self, place: Deployment, name: str = "worker") -> Process:
        """A worker, which runs until the end."""

        async def ready() -> bool:
            return "ready for work" in worker.current_run_log

        argv = ("-m", "arq", "jobs.worker.WorkerSettings")
        worker = self.make_process(name, *argv, env=place.environment, ready=ready)
        await self.start_until_exit(worker)
        return worker

    def bot_ready(self, place: Deployment) -> ReadyCheck:
        """Whether the bot of this desk is ready."""
        return self._returns_ok(f"{place.url}/readyz")

    def make_process(
        self, name: str, *argv: str, env: Mapping[str, str], ready: ReadyCheck
    ) -> Process:
        """A Python program that has not begun yet."""
        environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", **env}
        unique = f"{name}-{uuid4().hex[:6]}"
        return Process(
            unique, [sys.executable, *argv], is_ready=ready, folder=self.folder, env=environment
        )

    async def start_process(
        self, name: str, *argv: str, env: Mapping[str, str], ready: ReadyCheck
    ) -> Process:
        """A Python program that runs until the end."""
        process = self.make_process(name, *argv, env=env, ready=ready)
        await self.start_until_exit(process)
        return process

    async def stand_in_call_counts(self) -> dict[str, int]:
        """How often each thing was asked of the stand-ins so far."""
        async with self.http.get(f"{self.stand_ins_url}/asked") as answer:
            asked: dict[str, int] = await answer.json()
        return asked

    async def take_request_log(self) -> list[dict[str, Any]]:
        """What was asked of the stand-ins since this was last asked."""
        async with self.http.get(f"{self.stand_ins_url}/kept") as answer:
            kept: list[dict[str, Any]] = await answer.json()
        return kept

    async def add_moderators(self, place: Deployment) -> None:
        """Some moderators, as if an admin had made them so."""
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
        await self.database(place).members.insert_many(
            [one | {"_id": f"{TEAM}:{one['slack_id']}"} for one in members]
        )

    async def last_form(self) -> dict[str, Any]:
        """The form that was opened last."""
        async with self.http.get(f"{self.stand_ins_url}/view") as answer:
            view: dict[str, Any] = await answer.json()
        return view

    async def set_delays(self, **seconds: float) -> None:
        """Have the stand-ins (`slack`, `gemini`, `smtp`) wait so long before they answer."""
        async with self.http.post(f"{self.stand_ins_url}/waits", data=json.dumps(seconds)):
            pass

    async def start_until_exit(self, process: Process) -> None:
        """Start it; it ends with the stage."""
        self._stack.push_async_callback(process.kill)
        await process.start(timeout_seconds=60)

    async def _stand_ins_ready(self) -> bool:
        return await self._returns_ok(f"{self.stand_ins_url}/asked")()

    def accepts_requests(self, url: str) -> ReadyCheck:
        """Whether somebody answers a request there, whatever they say of it."""

        async def answers() -> bool:
            try:
                async with self.http.post(url):
                    return True
            except ClientError:
                return False

        return answers

    def _returns_ok(self, url: str) -> ReadyCheck:
        async def says_ok() -> bool:
            try:
                async with self.http.get(url) as answer:
                    return answer.ok
            except ClientError:
                return False

        return says_ok
