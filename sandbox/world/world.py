"""The whole sandbox: the simulated services, and the real bot and worker as processes."""

import os
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

from aiohttp import ClientError, ClientSession
from pymongo import AsyncMongoClient
from redis.asyncio import Redis

from sandbox.services.database_servers import DatabaseServers, find_free_port
from sandbox.services.gemini import GeminiStandIn
from sandbox.services.mail_server import MailServer
from sandbox.services.processes import Process
from sandbox.slack.app_manifest.manifest import load_manifest
from sandbox.slack.workspace import Workspace
from sandbox.world.personas import Personas

PROJECT_FOLDER = Path(__file__).parents[2]
_JWT_SECRET = "a secret that only this sandbox has, and that is long enough"


class World:
    """`async with World() as world:` runs everything until the block ends."""

    bot: Process
    worker: Process
    personas: Personas
    servers: DatabaseServers
    folder: Path

    def __init__(
        self,
        *,
        servers: DatabaseServers | None = None,
        folder: Path | None = None,
        socket_mode: bool = False,
        has_gemini_key: bool = True,
        admin_in_settings: bool = True,
        env_by_process: Mapping[str, Mapping[str, str]] | None = None,
        extra_env: Mapping[str, str] | None = None,
    ) -> None:
        """Prepare the world; nothing starts before the block.

        Args:
            servers: running MongoDB and Redis; by default the world starts its own.
            folder: keeps logs, and the data of its own servers; by default it is temporary.
            socket_mode: whether Slack and the bot use Socket Mode instead of signed HTTP.
            has_gemini_key: whether Frontdesk has a key for Gemini.
            admin_in_settings: whether the settings name Grace as an admin; she also owns the
                workspace.
            env_by_process: environment variables of single processes, by process name.
            extra_env: environment variables of all processes.
        """
        self.slack = Workspace(load_manifest(PROJECT_FOLDER / "manifest.yml"))
        self.mail = MailServer()
        self.gemini = GeminiStandIn()
        self.socket_mode = socket_mode
        self.environment: dict[str, str] = {}
        self._stack = AsyncExitStack()
        self._given_servers = servers
        self._given_folder = folder
        self._has_gemini_key = has_gemini_key
        self._admin_in_settings = admin_in_settings
        self._env_by_process = env_by_process or {}
        self._extra_env = extra_env or {}

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    @property
    def bot_url(self) -> str:
        """The address of the bot's HTTP server."""
        return f"http://127.0.0.1:{self.environment['PORT']}"

    async def find_documents(self, collection: str) -> list[dict[str, Any]]:
        """Return all documents of a collection, unchanged, ordered by id."""
        return await self.database[collection].find().sort("_id").to_list()

    async def reset(self) -> None:
        """Empty database, job queue, workspace and inbox; the processes keep running."""
        for name in await self.database.list_collection_names():
            await self.database[name].delete_many({})
        await self.redis.flushdb()
        self.slack.reset()
        self.mail.reset()
        self.gemini.reset()

    def new_worker(self, name: str) -> Process:
        """Return another worker process; the caller starts and stops it."""

        async def is_ready() -> bool:
            return "ready for work" in worker.current_run_log

        argv = [sys.executable, "-m", "arq", "jobs.worker.WorkerSettings"]
        worker = Process(
            name, argv, is_ready=is_ready, folder=self.folder, env=self._process_env(name)
        )
        return worker

    def new_bot(self, name: str, *, port: int) -> Process:
        """Return another bot process on a port; the caller starts and stops it."""

        async def is_ready() -> bool:
            url = f"http://127.0.0.1:{port}/readyz"
            try:
                async with ClientSession() as http, http.get(url) as response:
                    return response.ok
            except ClientError:
                return False

        argv = [sys.executable, "-m", "bot"]
        env = self._process_env(name) | {"PORT": str(port)}
        return Process(name, argv, is_ready=is_ready, folder=self.folder, env=env)

    async def _start(self) -> None:
        # The processes run in their own folder, so that they do not read our `.env`.
        self.folder = self._given_folder or Path(self._enter_temporary_folder())
        self.folder.mkdir(parents=True, exist_ok=True)
        if self._given_servers:
            self.servers = self._given_servers
        else:
            self.servers = await self._stack.enter_async_context(DatabaseServers(self.folder))
        for service in (self.mail, self.gemini, self.slack):
            await self._stack.enter_async_context(service)
        self.personas = Personas.add_to_workspace(self.slack)
        self.environment = self._environment()
        await self._connect()
        self.bot = self.new_bot("bot", port=int(self.environment["PORT"]))
        self.worker = self.new_worker("worker")
        if not self.socket_mode:
            self.slack.request_url = f"{self.bot_url}/slack/events"
        for process in (self.worker, self.bot):
            self._stack.push_async_callback(process.stop)
            await process.start()

    async def _connect(self) -> None:
        # Journaled, because deletions must survive even if a test kills MongoDB right after.
        client = AsyncMongoClient[dict[str, Any]](
            self.environment["MONGODB_URI"], tz_aware=True, journal=True
        )
        self._stack.push_async_callback(client.close)
        self.database = client[self.environment["MONGODB_DATABASE"]]
        self.redis: Redis = Redis.from_url(self.environment["REDIS_URL"])
        self._stack.push_async_callback(self.redis.aclose)

    def _enter_temporary_folder(self) -> str:
        return self._stack.enter_context(TemporaryDirectory(prefix="sandbox-"))

    def _environment(self) -> dict[str, str]:
        """The environment of bot and worker; nothing of our own environment reaches them."""
        redis_url = self.servers.new_redis_url()
        port = find_free_port()
        variables = {
            "PATH": os.environ.get("PATH", ""),
            "PYTHONPATH": str(PROJECT_FOLDER),
            "PYTHONUNBUFFERED": "1",
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_SIGNING_SECRET": self.slack.signing_secret,
            "SLACK_API_URL": self.slack.api_url,
            "MONGODB_URI": self.servers.mongodb_uri,
            "MONGODB_DATABASE": f"desk{redis_url.rpartition('/')[2]}",
            "REDIS_URL": redis_url,
            "SMTP_HOST": self.mail.host,
            "SMTP_PORT": str(self.mail.port),
            "SMTP_STARTTLS": "false",
            "MAIL_FROM": "Frontdesk <frontdesk@acme.example>",
            "JWT_SECRET": _JWT_SECRET,
            "ADMIN_SLACK_IDS": self.personas.grace.id if self._admin_in_settings else "",
            "HOST": "127.0.0.1",
            "PORT": str(port),
            "PUBLIC_URL": f"http://127.0.0.1:{port}",
            "WEBHOOK_PRIVATE": "true",
        }
        if self.socket_mode:
            variables["SLACK_APP_TOKEN"] = self.slack.app_token
        if self._has_gemini_key:
            variables["GEMINI_API_KEY"] = self.gemini.api_key
            variables["GEMINI_API_ENDPOINT"] = self.gemini.endpoint
        return variables

    def _process_env(self, name: str) -> dict[str, str]:
        return {**self.environment, **self._extra_env, **self._env_by_process.get(name, {})}
