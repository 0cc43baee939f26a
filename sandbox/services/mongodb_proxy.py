"""A proxy between a process and MongoDB: it counts commands and can fail at any message.

The proxy reads only a message's length, ids and command name
(https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/). Commands that a driver sends
on its own, at any time, pass uncounted.
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
"""Selects a request: by its number, counted from 1, or the first one with a command name."""
_UNCOUNTED_COMMANDS = {"hello", "isMaster", "ismaster", "ping", "getMore", "endSessions"}
_HEADER = struct.Struct("<iiii")  # length with header, id, id of the request (in replies), opcode
_OP_MSG = 2013
# After the header come flags (4 bytes), section kind (1), document length (4) and the type of the
# first field (1). The name of the first field is the command.
_COMMAND_NAME_OFFSET = _HEADER.size + 10


class FaultPoint(StrEnum):
    """The point of a request at which the proxy fails."""

    REQUEST = ">"  # the server never sees the request
    REPLY = "<"  # the server has run the command, but the client has no reply yet


class MongoProxy:
    """`async with MongoProxy(mongodb_uri) as proxy:` forwards connections to that MongoDB.

    Attributes:
        uri: the proxy's address, as a direct connection: MongoDB would announce its own address.
        counted_commands: names of the counted commands so far, in order.
        faulted_command: the command at which the planned fault happened; None before.
        delay_seconds: delay of each counted request.
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
        """Kill a process at a request, counted from now; the message is lost."""
        self._plan_fault(
            _PlannedFault(
                len(self.counted_commands), selector, point, process.kill, drops_message=True
            )
        )

    def call_at(self, action: FaultAction, *, selector: RequestSelector, point: FaultPoint) -> None:
        """Run an action at a request, counted from now; then the message passes."""
        self._plan_fault(
            _PlannedFault(len(self.counted_commands), selector, point, action, drops_message=False)
        )

    async def clear_fault(self) -> None:
        """Cancel the planned fault."""
        self._planned_fault = None
        await self.wait_for_fault()

    async def wait_for_fault(self) -> None:
        """Wait until a fault that has started is finished."""
        if self._fault_task:
            await self._fault_task

    def hold_traffic(self) -> None:
        """Hold all messages; the connections stay open."""
        self._traffic_allowed.clear()

    def release_traffic(self) -> None:
        """Let messages pass again, held messages first."""
        self._traffic_allowed.set()

    async def drop_connections(self) -> None:
        """End all connections; clients can connect again."""
        for task in self._connection_tasks:
            task.cancel()
        await asyncio.gather(*self._connection_tasks, return_exceptions=True)

    async def wait_until(
        self, condition: Callable[[], T], *, timeout_seconds: float = 10, waiting_for: str = ""
    ) -> T:
        """Return the first truthy value of the condition, checked after each counted message."""
        return await self._notifier.wait_until(
            condition, timeout_seconds=timeout_seconds, waiting_for=waiting_for
        )

    def _plan_fault(self, fault: "_PlannedFault") -> None:
        self._planned_fault = fault
        self.faulted_command = None

    async def _serve_connection(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task  # noqa: S101 (asyncio runs this as a task)
        self._connection_tasks.add(task)
        try:
            server_reader, server_writer = await asyncio.open_connection(self._host, self._port)
        except OSError:
            writer.close()
            return
        finally:
            task.add_done_callback(self._connection_tasks.discard)
        connection = _ProxyConnection(
            client_reader=reader,
            client_writer=writer,
            server_reader=server_reader,
            server_writer=server_writer,
        )
        directions = [
            asyncio.create_task(direction)
            for direction in (
                self._forward_requests(connection),
                self._forward_replies(connection),
            )
        ]
        try:
            await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for direction in directions:
                direction.cancel()
            connection.close()

    async def _forward_requests(self, connection: "_ProxyConnection") -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                request = await _read_message(connection.client_reader)
                await self._traffic_allowed.wait()
                if request.command not in {None, *_UNCOUNTED_COMMANDS}:
                    await asyncio.sleep(self.delay_seconds)
                    self.counted_commands.append(str(request.command))
                    connection.unanswered_numbers[request.id] = len(self.counted_commands)
                    if await self._apply_fault(len(self.counted_commands), FaultPoint.REQUEST):
                        return
                connection.server_writer.write(request.data)
                await connection.server_writer.drain()

    async def _forward_replies(self, connection: "_ProxyConnection") -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                reply = await _read_message(connection.server_reader)
                await self._traffic_allowed.wait()
                number = connection.unanswered_numbers.pop(reply.response_to, 0)
                if await self._apply_fault(number, FaultPoint.REPLY):
                    return
                connection.client_writer.write(reply.data)
                await connection.client_writer.drain()

    async def _apply_fault(self, number: int, point: FaultPoint) -> bool:
        """Run the fault planned for this message, if any; returns whether the message is lost."""
        is_lost = False
        fault = self._planned_fault
        command = self.counted_commands[number - 1] if number else ""
        if fault and fault.point is point and fault.matches(number, command):
            self._planned_fault = None
            is_lost = fault.drops_message
            # A separate task, because the fault may end this connection and cancel this task.
            self._fault_task = asyncio.create_task(self._run_fault(fault, command))
            await asyncio.shield(self._fault_task)
        if number:
            self._notifier.notify()
        return is_lost

    async def _run_fault(self, fault: "_PlannedFault", command: str) -> None:
        await fault.action()
        self.faulted_command = command
        self._notifier.notify()


@dataclass(frozen=True, slots=True)
class _PlannedFault:
    """An action at a selected request, counted after a number of earlier requests."""

    count_from: int
    selector: RequestSelector
    point: FaultPoint
    action: FaultAction
    drops_message: bool

    def matches(self, number: int, command: str) -> bool:
        return number > self.count_from and self.selector in {number - self.count_from, command}


@dataclass(frozen=True, slots=True, eq=False)
class _ProxyConnection:
    """One client's connection, ours to the server, and the numbers of unanswered requests."""

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
    length, message_id, response_to, opcode = _HEADER.unpack(header)
    data = header + await reader.readexactly(length - _HEADER.size)
    command = None
    if opcode == _OP_MSG:
        command = data[_COMMAND_NAME_OFFSET : data.index(b"\0", _COMMAND_NAME_OFFSET)].decode()
    return _WireMessage(data=data, id=message_id, response_to=response_to, command=command)
