"""Slack's side of Socket Mode: it sends to one random socket and accepts acks from any."""

import asyncio
import json
import random
import uuid
from dataclasses import dataclass
from http import HTTPStatus

import aiohttp
from aiohttp import web

from sandbox.slack.primitives.ids import random_secret
from sandbox.slack.primitives.json_types import Json, to_json
from sandbox.slack.state.workspace_state import WorkspaceState

# limits.md, row 49.
MAX_SOCKETS = 10
_RANDOM = random.SystemRandom()


class NoOpenSocket(Exception):
    """The app has no open connection."""


@dataclass(frozen=True, slots=True, eq=False)
class SocketConnection:
    """One open connection and its TCP transport."""

    websocket: web.WebSocketResponse
    transport: asyncio.Transport | None


class SocketConnections:
    """All open connections of the app."""

    def __init__(self, state: WorkspaceState) -> None:
        self._state = state
        self._connection_secrets: set[str] = set()
        self._connections: list[SocketConnection] = []
        self._pending_acks: dict[str, list[asyncio.Future[object]]] = {}
        self._unresponsive: set[SocketConnection] = set()
        self._remaining_refusals = 0
        self.late_ack_ids: list[str] = []

    def __len__(self) -> int:
        return len(self._connections)

    def new_envelope_id(self) -> str:
        return str(uuid.uuid4())

    def new_url(self) -> str:
        """Return a URL for one connection."""
        ticket = random_secret()
        self._connection_secrets.add(ticket)
        base = self._state.base_url.replace("http://", "ws://")
        return f"{base}/link/?ticket={ticket}&app_id={self._state.app.app_id}"

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Serve one connection, from hello until it ends."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._connection_secrets:
            return web.Response(status=401)
        self._connection_secrets.discard(ticket)
        if self._remaining_refusals:
            self._remaining_refusals -= 1
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)
        # This class answers pings itself: `stop_responding` must also stop the pongs.
        websocket = web.WebSocketResponse(autoping=False)
        await websocket.prepare(request)
        if len(self._connections) >= MAX_SOCKETS:
            await self._disconnect(websocket, "too_many_websockets")
            return websocket
        await self._serve_connection(SocketConnection(websocket, request.transport))
        return websocket

    async def send_and_wait(self, envelope: str) -> object:
        """Send to one random socket and return the ack's payload, from any socket."""
        envelope_id = json.loads(envelope)["envelope_id"]
        if not self._connections:
            raise NoOpenSocket
        pending_ack: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._pending_acks.setdefault(envelope_id, []).append(pending_ack)
        try:
            await self._send(_RANDOM.choice(self._connections), envelope)
            return await pending_ack
        finally:
            self._remove_pending_ack(envelope_id, pending_ack)

    async def request_disconnect(self, reason: str = "refresh_requested") -> None:
        """Ask the app to reconnect; the reason "warning" closes no connection."""
        for socket in list(self._connections):
            await self._send_disconnect(socket.websocket, reason)
            if reason != "warning":
                await socket.websocket.close()

    async def drop_connections(self) -> None:
        """Abort all connections without a message, as a network failure does."""
        for socket in list(self._connections):
            self._connections.remove(socket)
            if socket.transport:
                socket.transport.abort()
        self._state.notify_change()

    def stop_responding(self) -> None:
        """Keep all connections open, but send nothing and ignore all messages."""
        self._unresponsive.update(self._connections)

    @property
    def responsive_count(self) -> int:
        """The number of open connections that still respond."""
        return len(set(self._connections) - self._unresponsive)

    def refuse_connections(self, *, times: int) -> None:
        """Refuse this many connection attempts; each still uses up its URL."""
        self._remaining_refusals = times

    async def close(self) -> None:
        for socket in list(self._connections):
            await socket.websocket.close()

    async def _serve_connection(self, socket: SocketConnection) -> None:
        self._connections.append(socket)
        try:
            await socket.websocket.send_str(to_json(self._hello_message()))
            self._state.notify_change()
            async for message in socket.websocket:
                if socket in self._unresponsive:
                    continue
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._receive_ack(message.json())
                elif message.type is aiohttp.WSMsgType.PING:
                    await socket.websocket.pong(message.data)
        finally:
            self._unresponsive.discard(socket)
            if socket in self._connections:
                self._connections.remove(socket)
            self._state.notify_change()

    def _receive_ack(self, answer: Json) -> None:
        envelope_id = str(answer.get("envelope_id"))
        pending_acks = [ack for ack in self._pending_acks.get(envelope_id, ()) if not ack.done()]
        if pending_acks:
            pending_acks[0].set_result(answer.get("payload"))
        else:
            self.late_ack_ids.append(envelope_id)
        self._state.notify_change()

    async def _send(self, socket: SocketConnection, envelope: str) -> None:
        if socket in self._unresponsive:
            return
        try:
            await socket.websocket.send_str(envelope)
        except ConnectionError as error:
            raise NoOpenSocket from error

    def _remove_pending_ack(self, envelope_id: str, pending_ack: asyncio.Future[object]) -> None:
        pending_acks = self._pending_acks[envelope_id]
        pending_acks.remove(pending_ack)
        if not pending_acks:
            del self._pending_acks[envelope_id]

    async def _disconnect(self, websocket: web.WebSocketResponse, reason: str) -> None:
        await self._send_disconnect(websocket, reason)
        await websocket.close()

    async def _send_disconnect(self, websocket: web.WebSocketResponse, reason: str) -> None:
        message = {"type": "disconnect", "reason": reason, "debug_info": _debug_info()}
        await websocket.send_str(to_json(message))

    def _hello_message(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self._connections),
            "debug_info": _debug_info() | {"approximate_connection_time": 18060},
            "connection_info": {"app_id": self._state.app.app_id},
        }


def _debug_info() -> Json:
    return {"host": "applink-sandbox", "build_number": 1}
