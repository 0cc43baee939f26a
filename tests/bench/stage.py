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

from models.member import Member, Role
from sandbox.processes import Process, Ready
from sandbox.servers import Servers, free_port

PROJECT = Path(__file__).parents[2]
SECRET = "a signing secret of this machine"
TEAM = "T0BENCH"
_MODERATORS = 8


@dataclass(frozen=True, slots=True)
class Place:
    """One desk's own database, queue and address."""

    environment: dict[str, str]

    @property
    def url(self) -> str:
        """Where its bot listens."""
        return f"http://127.0.0.1:{self.environment['PORT']}"


class Stage:
    """`async with Stage() as stage:` servers and stand-ins run until the block ends."""

    def __init__(self) -> None:
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self.folder = Path(self._stack.enter_context(TemporaryDirectory(prefix="bench-")))
        self.servers = await self._stack.enter_async_context(Servers(self.folder / "servers"))
        self.http = await self._stack.enter_async_context(ClientSession())
        self._mongo = AsyncMongoClient[dict[str, Any]](self.servers.mongodb_uri, tz_aware=True)
        self._stack.push_async_callback(self._mongo.close)
        self._outside, self._smtp = free_port(), free_port()
        env = {"PORT": str(self._outside), "SMTP_PORT": str(self._smtp)}
        await self.run("instant", "-m", "tests.bench.instant", env=env, ready=self._answers)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    @property
    def outside_url(self) -> str:
        """Where the stand-ins are."""
        return f"http://127.0.0.1:{self._outside}"

    def new_place(self, **more: str) -> Place:
        """A desk that has nothing yet; `more` is what its environment has besides."""
        redis_url = self.servers.new_redis_url()
        environment = {
            "SLACK_BOT_TOKEN": "xoxb-bench",
            "SLACK_SIGNING_SECRET": SECRET,
            "SLACK_API_URL": f"{self.outside_url}/api/",
            "MONGODB_URI": f"{self.servers.mongodb_uri}/?retryWrites=false",
            "MONGODB_DATABASE": f"bench{redis_url.rpartition('/')[2]}",
            "REDIS_URL": redis_url,
            "GEMINI_API_KEY": "bench",
            "GEMINI_API_ENDPOINT": self.outside_url,
            "SMTP_HOST": "127.0.0.1",
            "SMTP_PORT": str(self._smtp),
            "SMTP_STARTTLS": "false",
            "JWT_SECRET": "x" * 32,
            "ADMIN_SLACK_IDS": "U0ADMIN",
            "HOST": "127.0.0.1",
            "PORT": str(free_port()),
        }
        return Place(environment | more)

    def database(self, place: Place) -> Any:
        """What the desk has stored."""
        return self._mongo[place.environment["MONGODB_DATABASE"]]

    async def bot(self, place: Place) -> Process:
        """A bot, which runs until the end."""
        return await self.run(
            "bot", "-m", "bot", env=place.environment, ready=self.takes_requests(place)
        )

    async def worker(self, place: Place, name: str = "worker") -> Process:
        """A worker, which runs until the end."""

        async def ready() -> bool:
            return "ready for work" in worker.log_of_this_run

        argv = ("-m", "arq", "jobs.worker.WorkerSettings")
        worker = self.process(name, *argv, env=place.environment, ready=ready)
        await self.begin(worker)
        return worker

    def takes_requests(self, place: Place) -> Ready:
        """Whether the bot of this desk is ready."""
        return self._says_ok(f"{place.url}/readyz")

    def process(self, name: str, *argv: str, env: Mapping[str, str], ready: Ready) -> Process:
        """A Python program that has not begun yet."""
        environment = {"PYTHONPATH": str(PROJECT), "PATH": "/usr/bin:/bin", **env}
        unique = f"{name}-{uuid4().hex[:6]}"
        return Process(
            unique, [sys.executable, *argv], ready=ready, folder=self.folder, env=environment
        )

    async def run(self, name: str, *argv: str, env: Mapping[str, str], ready: Ready) -> Process:
        """A Python program that runs until the end."""
        process = self.process(name, *argv, env=env, ready=ready)
        await self.begin(process)
        return process

    async def asked(self) -> dict[str, int]:
        """How often each thing was asked of the stand-ins so far."""
        async with self.http.get(f"{self.outside_url}/asked") as answer:
            asked: dict[str, int] = await answer.json()
        return asked

    async def kept(self) -> list[dict[str, Any]]:
        """What was asked of the stand-ins since this was last asked."""
        async with self.http.get(f"{self.outside_url}/kept") as answer:
            kept: list[dict[str, Any]] = await answer.json()
        return kept

    async def hire(self, place: Place) -> None:
        """Some moderators, as if an admin had made them so."""
        members = [
            Member(
                team_id=TEAM,
                slack_id=f"UMOD{number}",
                role=Role.MODERATOR,
                appointed=True,
                skills=("vpn",),
            ).model_dump(mode="json")
            for number in range(_MODERATORS)
        ]
        await self.database(place).members.insert_many(
            [one | {"_id": f"{TEAM}:{one['slack_id']}"} for one in members]
        )

    async def last_form(self) -> dict[str, Any]:
        """The form that was opened last."""
        async with self.http.get(f"{self.outside_url}/view") as answer:
            view: dict[str, Any] = await answer.json()
        return view

    async def waits(self, **seconds: float) -> None:
        """Have the stand-ins (`slack`, `gemini`, `smtp`) wait so long before they answer."""
        async with self.http.post(f"{self.outside_url}/waits", data=json.dumps(seconds)):
            pass

    async def begin(self, process: Process) -> None:
        """Start it; it ends with the stage."""
        self._stack.push_async_callback(process.kill)
        await process.start(timeout=60)

    async def _answers(self) -> bool:
        return await self._says_ok(f"{self.outside_url}/asked")()

    def listens(self, url: str) -> Ready:
        """Whether somebody answers a request there, whatever they say of it."""

        async def answers() -> bool:
            try:
                async with self.http.post(url):
                    return True
            except ClientError:
                return False

        return answers

    def _says_ok(self, url: str) -> Ready:
        async def says_ok() -> bool:
            try:
                async with self.http.get(url) as answer:
                    return answer.ok
            except ClientError:
                return False

        return says_ok
