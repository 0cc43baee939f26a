"""A wire between a process and MongoDB: it counts what passes, and fails at any message.

It knows of MongoDB's protocol only where a message ends, what it answers and which command it is
(https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/). What a driver says for
itself, whenever it likes, is passed on uncounted.
"""

import asyncio
import struct
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import NamedTuple, Self, TypeVar
from urllib.parse import urlsplit

from sandbox.processes import Process
from sandbox.slack.changes import Changes

T = TypeVar("T")
Act = Callable[[], Awaitable[None]]
Place = int | str
"""A request: its number, counted from 1; or its command, and then the first one of these."""
_UNCOUNTED = {"hello", "isMaster", "ismaster", "ping", "getMore", "endSessions"}
_HEADER = struct.Struct("<iiii")  # length with this header, id, id of what it answers, kind
_OP_MSG = 2013
# Behind the header: four bytes of flags, one that says "a document", the document's length in
# four, the type of its first field in one. The name of that field is the command.
_FIRST_NAME = _HEADER.size + 10


class Moment(StrEnum):
    """Where at a request the wire fails."""

    BEFORE = ">"  # the server has not seen it, and never will
    AFTER = "<"  # the server has done it, but who asked does not know yet


class Wire:
    """`async with Wire(mongodb_uri) as wire:` who connects to `wire.uri` speaks with that MongoDB.

    Attributes:
        uri: names this very address, since a MongoDB would send its clients to its own.
        passed: the counted commands so far, in the order in which they came.
        struck: the command at which the wire has done what it was told to.
        delay: seconds for which each counted request is held up.
    """

    def __init__(self, mongodb_uri: str) -> None:
        server = urlsplit(mongodb_uri)
        self._host, self._port = server.hostname or "127.0.0.1", server.port or 27017
        self.uri = ""
        self.passed: list[str] = []
        self.struck: str | None = None
        self.delay = 0.0
        self._trap: _Trap | None = None
        self._changes = Changes()
        self._flows = asyncio.Event()
        self._flows.set()
        self._calls: set[asyncio.Task[None]] = set()
        self._acting: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._called, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.uri = f"mongodb://127.0.0.1:{port}/?directConnection=true"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        await self.cut()

    def kills(self, process: Process, *, at: Place, moment: Moment) -> None:
        """Kill the process at that request, counted from now; nothing more of it passes."""
        self._set(_Trap(len(self.passed), at, moment, process.kill, lost=True))

    def calls(self, act: Act, *, at: Place, moment: Moment) -> None:
        """Do this at that request, counted from now; afterwards it passes."""
        self._set(_Trap(len(self.passed), at, moment, act, lost=False))

    async def lets_be(self) -> None:
        """Only count from now on."""
        self._trap = None
        await self.acted()

    async def acted(self) -> None:
        """Wait for what is being done at a message just now."""
        if self._acting:
            await self._acting

    def freeze(self) -> None:
        """Let nothing pass, while all connections stay (they are half-open)."""
        self._flows.clear()

    def thaw(self) -> None:
        """Let pass again, first what was held back."""
        self._flows.set()

    async def cut(self) -> None:
        """End all connections; new ones are taken."""
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    async def until(
        self, condition: Callable[[], T], *, timeout: float = 10, waiting_for: str = ""
    ) -> T:
        """The first truthy value of the condition, looked at after each counted message."""
        return await self._changes.until(condition, timeout=timeout, waiting_for=waiting_for)

    def _set(self, trap: "_Trap") -> None:
        self._trap = trap
        self.struck = None

    async def _called(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        call = asyncio.current_task()
        assert call  # noqa: S101 (asyncio runs this as a task)
        self._calls.add(call)
        try:
            answers, requests = await asyncio.open_connection(self._host, self._port)
        except OSError:
            writer.close()
            return
        finally:
            call.add_done_callback(self._calls.discard)
        link = _Link(reader=reader, writer=writer, answers=answers, requests=requests)
        ways = [asyncio.create_task(way) for way in (self._asks(link), self._answers(link))]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            link.close()

    async def _asks(self, link: "_Link") -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                asked = await _next(link.reader)
                await self._flows.wait()
                if asked.command not in {None, *_UNCOUNTED}:
                    await asyncio.sleep(self.delay)
                    self.passed.append(str(asked.command))
                    link.numbers[asked.id] = len(self.passed)
                    if await self._strikes(len(self.passed), Moment.BEFORE):
                        return
                link.requests.write(asked.data)
                await link.requests.drain()

    async def _answers(self, link: "_Link") -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                answer = await _next(link.answers)
                await self._flows.wait()
                number = link.numbers.pop(answer.answers, 0)
                if await self._strikes(number, Moment.AFTER):
                    return
                link.writer.write(answer.data)
                await link.writer.drain()

    async def _strikes(self, number: int, moment: Moment) -> bool:
        """Do what was told for this message, if something was; whether the message is lost."""
        lost = False
        trap = self._trap
        command = self.passed[number - 1] if number else ""
        if trap and trap.moment is moment and trap.is_at(number, command):
            self._trap = None
            lost = trap.lost
            # A task of its own: it ends the connection, and with it whoever waits here.
            self._acting = asyncio.create_task(self._act(trap, command))
            await asyncio.shield(self._acting)
        if number:
            self._changes.announce()
        return lost

    async def _act(self, trap: "_Trap", command: str) -> None:
        await trap.act()
        self.struck = command
        self._changes.announce()


@dataclass(frozen=True, slots=True)
class _Trap:
    """What is to be done, and at which request of those that pass after so many."""

    after: int
    at: Place
    moment: Moment
    act: Act
    lost: bool

    def is_at(self, number: int, command: str) -> bool:
        return number > self.after and self.at in {number - self.after, command}


@dataclass(frozen=True, slots=True, eq=False)
class _Link:
    """One client's connection and ours to the server; the numbers of what is not answered yet."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    answers: asyncio.StreamReader
    requests: asyncio.StreamWriter
    numbers: dict[int, int] = field(default_factory=dict)

    def close(self) -> None:
        self.writer.close()
        self.requests.close()


class _Message(NamedTuple):
    data: bytes
    id: int
    answers: int
    command: str | None


async def _next(reader: asyncio.StreamReader) -> _Message:
    header = await reader.readexactly(_HEADER.size)
    length, number, answers, kind = _HEADER.unpack(header)
    data = header + await reader.readexactly(length - _HEADER.size)
    command = None
    if kind == _OP_MSG:
        command = data[_FIRST_NAME : data.index(b"\0", _FIRST_NAME)].decode()
    return _Message(data=data, id=number, answers=answers, command=command)
