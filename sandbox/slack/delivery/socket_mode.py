"""Slack's end of Socket Mode: hello, envelopes to one random socket, acks from any of them."""

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
    """One open connection, and the wire under it."""

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
        """Where to connect; good for one connection."""
        ticket = random_secret()
        self._connection_secrets.add(ticket)
        base = self._state.base_url.replace("http://", "ws://")
        return f"{base}/link/?ticket={ticket}&app_id={self._state.app.app_id}"

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One connection, from hello until it ends."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._connection_secrets:
            return web.Response(status=401)
        self._connection_secrets.discard(ticket)
        if self._remaining_refusals:
            self._remaining_refusals -= 1
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)
        # Pings are answered here: a connection may be deaf to them.
        websocket = web.WebSocketResponse(autoping=False)
        await websocket.prepare(request)
        if len(self._connections) >= MAX_SOCKETS:
            await self._disconnect(websocket, "too_many_websockets")
            return websocket
        await self._serve_connection(SocketConnection(websocket, request.transport))
        return websocket

    async def send_and_wait(self, envelope: str) -> object:
        """Send to one random socket and wait for the ack, whichever socket it comes on."""
        envelope_id = json.loads(envelope)["envelope_id"]
        if not self._connections:
            raise NoOpenSocket
        acked: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._pending_acks.setdefault(envelope_id, []).append(acked)
        try:
            await self._send(_RANDOM.choice(self._connections), envelope)
            return await acked
        finally:
            self._remove_pending_ack(envelope_id, acked)

    async def request_disconnect(self, reason: str = "refresh_requested") -> None:
        """Ask every connection to come back; "warning" is only a warning."""
        for socket in list(self._connections):
            await self._send_disconnect(socket.websocket, reason)
            if reason != "warning":
                await socket.websocket.close()

    async def drop_connections(self) -> None:
        """Lose every connection without a word, as a network does."""
        for socket in list(self._connections):
            self._connections.remove(socket)
            if socket.transport:
                socket.transport.abort()
        self._state.notify_change()

    def stop_responding(self) -> None:
        """Keep every connection, but answer and hear nothing on it any more."""
        self._unresponsive.update(self._connections)

    @property
    def responsive_count(self) -> int:
        """How many connections are open and not deaf."""
        return len(set(self._connections) - self._unresponsive)

    def refuse_connections(self, *, times: int) -> None:
        """Let so many attempts to connect fail; their links are used up all the same."""
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
        waiting = [one for one in self._pending_acks.get(envelope_id, ()) if not one.done()]
        if waiting:
            waiting[0].set_result(answer.get("payload"))
        else:
            self.late_ack_ids.append(envelope_id)
        self._state.notify_change()

    async def _send(self, socket: SocketConnection, envelope: str) -> None:
        if socket in self._unresponsive:
            return
        try:
            await socket.websocket.send_str(envelope)
        except ConnectionError as gone:
            raise NoOpenSocket from gone

    def _remove_pending_ack(self, envelope_id: str, acked: asyncio.Future[object]) -> None:
        waiting = self._pending_acks[envelope_id]
        waiting.remove(acked)
        if not waiting:
            del self._pending_acks[envelope_id]

    async def _disconnect(self, websocket: web.WebSocketResponse, reason: str) -> None:
        await self._send_disconnect(websocket, reason)
        await websocket.close()

    async def _send_disconnect(self, websocket: web.WebSocketResponse, reason: str) -> None:
        goodbye = {"type": "disconnect", "reason": reason, "debug_info": _debug_info()}
        await websocket.send_str(to_json(goodbye))

    def _hello_message(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self._connections),
            "debug_info": _debug_info() | {"approximate_connection_time": 18060},
            "connection_info": {"app_id": self._state.app.app_id},
        }


def _debug_info() -> Json:
    return {"host": "applink-sandbox", "build_number": 1}
