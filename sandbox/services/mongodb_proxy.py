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

from sandbox.services.processes import Process
from sandbox.slack.primitives.change_notifier import ChangeNotifier

T = TypeVar("T")
FaultAction = Callable[[], Awaitable[None]]
RequestSelector = int | str
"""A request: its number, counted from 1; or its command, and then the first one of these."""
_UNCOUNTED_COMMANDS = {"hello", "isMaster", "ismaster", "ping", "getMore", "endSessions"}
_HEADER = struct.Struct("<iiii")  # length with this header, id, id of what it answers, kind
_OP_MSG = 2013
# Behind the header: four bytes of flags, one that says "a document", the document's length in
# four, the type of its first field in one. The name of that field is the command.
_COMMAND_NAME_OFFSET = _HEADER.size + 10


class FaultPoint(StrEnum):
    """Where at a request the wire fails."""

    REQUEST = ">"  # the server has not seen it, and never will
    REPLY = "<"  # the server has done it, but who asked does not know yet


class MongoProxy:
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
        self.counted_commands: list[str] = []
        self.faulted_command: str | None = None
        self.delay_seconds = 0.0
        self._planned_fault: _PlannedFault | None = None
        self._notifier = ChangeNotifier()
        self._traffic_allowed = asyncio.Event()
        self._traffic_allowed.set()
        self._connection_tasks: set[asyncio.Task[None]] = set()
        self._fault_task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve_connection, "127.0.0.1", 0)
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
        await self.drop_connections()

    def kill_at(self, process: Process, *, selector: RequestSelector, point: FaultPoint) -> None:
        """Kill the process at that request, counted from now; nothing more of it passes."""
        self._plan_fault(
            _PlannedFault(
                len(self.counted_commands), selector, point, process.kill, drops_message=True
            )
        )

    def call_at(self, action: FaultAction, *, selector: RequestSelector, point: FaultPoint) -> None:
        """Do this at that request, counted from now; afterwards it passes."""
        self._plan_fault(
            _PlannedFault(len(self.counted_commands), selector, point, action, drops_message=False)
        )

    async def clear_fault(self) -> None:
        """Only count from now on."""
        self._planned_fault = None
        await self.wait_for_fault()

    async def wait_for_fault(self) -> None:
        """Wait for what is being done at a message just now."""
        if self._fault_task:
            await self._fault_task

    def hold_traffic(self) -> None:
        """Let nothing pass, while all connections stay (they are half-open)."""
        self._traffic_allowed.clear()

    def release_traffic(self) -> None:
        """Let pass again, first what was held back."""
        self._traffic_allowed.set()

    async def drop_connections(self) -> None:
        """End all connections; new ones are taken."""
        for call in self._connection_tasks:
            call.cancel()
        await asyncio.gather(*self._connection_tasks, return_exceptions=True)

    async def wait_until(
        self, condition: Callable[[], T], *, timeout_seconds: float = 10, waiting_for: str = ""
    ) -> T:
        """The first truthy value of the condition, looked at after each counted message."""
        return await self._notifier.wait_until(
            condition, timeout_seconds=timeout_seconds, waiting_for=waiting_for
        )

    def _plan_fault(self, trap: "_PlannedFault") -> None:
        self._planned_fault = trap
        self.faulted_command = None

    async def _serve_connection(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        call = asyncio.current_task()
        assert call  # noqa: S101 (asyncio runs this as a task)
        self._connection_tasks.add(call)
        try:
            answers, requests = await asyncio.open_connection(self._host, self._port)
        except OSError:
            writer.close()
            return
        finally:
            call.add_done_callback(self._connection_tasks.discard)
        link = _ProxyConnection(
            client_reader=reader,
            client_writer=writer,
            server_reader=answers,
            server_writer=requests,
        )
        ways = [
            asyncio.create_task(way)
            for way in (self._forward_requests(link), self._forward_replies(link))
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            link.close()

    async def _forward_requests(self, link: "_ProxyConnection") -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                asked = await _read_message(link.client_reader)
                await self._traffic_allowed.wait()
                if asked.command not in {None, *_UNCOUNTED_COMMANDS}:
                    await asyncio.sleep(self.delay_seconds)
                    self.counted_commands.append(str(asked.command))
                    link.unanswered_numbers[asked.id] = len(self.counted_commands)
                    if await self._apply_fault(len(self.counted_commands), FaultPoint.REQUEST):
                        return
                link.server_writer.write(asked.data)
                await link.server_writer.drain()

    async def _forward_replies(self, link: "_ProxyConnection") -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                answer = await _read_message(link.server_reader)
                await self._traffic_allowed.wait()
                number = link.unanswered_numbers.pop(answer.response_to, 0)
                if await self._apply_fault(number, FaultPoint.REPLY):
                    return
                link.client_writer.write(answer.data)
                await link.client_writer.drain()

    async def _apply_fault(self, number: int, moment: FaultPoint) -> bool:
        """Do what was told for this message, if something was; whether the message is lost."""
        lost = False
        trap = self._planned_fault
        command = self.counted_commands[number - 1] if number else ""
        if trap and trap.point is moment and trap.matches(number, command):
            self._planned_fault = None
            lost = trap.drops_message
            # A task of its own: it ends the connection, and with it whoever waits here.
            self._fault_task = asyncio.create_task(self._run_fault(trap, command))
            await asyncio.shield(self._fault_task)
        if number:
            self._notifier.notify()
        return lost

    async def _run_fault(self, trap: "_PlannedFault", command: str) -> None:
        await trap.action()
        self.faulted_command = command
        self._notifier.notify()


@dataclass(frozen=True, slots=True)
class _PlannedFault:
    """What is to be done, and at which request of those that pass after so many."""

    count_from: int
    selector: RequestSelector
    point: FaultPoint
    action: FaultAction
    drops_message: bool

    def matches(self, number: int, command: str) -> bool:
        return number > self.count_from and self.selector in {number - self.count_from, command}


@dataclass(frozen=True, slots=True, eq=False)
class _ProxyConnection:
    """One client's connection and ours to the server; the numbers of what is not answered yet."""

    client_reader: asyncio.StreamReader
    client_writer: asyncio.StreamWriter
    server_reader: asyncio.StreamReader
    server_writer: asyncio.StreamWriter
    unanswered_numbers: dict[int, int] = field(default_factory=dict)

    def close(self) -> None:
        self.client_writer.close()
        self.server_writer.close()


class _WireMessage(NamedTuple):
    data: bytes
    id: int
    response_to: int
    command: str | None


async def _read_message(reader: asyncio.StreamReader) -> _WireMessage:
    header = await reader.readexactly(_HEADER.size)
    length, number, answers, kind = _HEADER.unpack(header)
    data = header + await reader.readexactly(length - _HEADER.size)
    command = None
    if kind == _OP_MSG:
        command = data[_COMMAND_NAME_OFFSET : data.index(b"\0", _COMMAND_NAME_OFFSET)].decode()
    return _WireMessage(data=data, id=number, response_to=answers, command=command)
