"""Slack's end of Socket Mode: hello, envelopes to one random socket, acks from any of them."""

import asyncio
import json
import random
import uuid
from dataclasses import dataclass
from http import HTTPStatus

import aiohttp
from aiohttp import web

from sandbox.slack.ids import secret
from sandbox.slack.shapes import Json, to_json
from sandbox.slack.state import State

# limits.md, row 49.
MOST_SOCKETS = 10
_RANDOM = random.SystemRandom()


class NoSocket(Exception):
    """The app has no open connection."""


@dataclass(frozen=True, slots=True, eq=False)
class Socket:
    """One open connection, and the wire under it."""

    websocket: web.WebSocketResponse
    transport: asyncio.Transport | None


class Sockets:
    """All open connections of the app."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._tickets: set[str] = set()
        self._open: list[Socket] = []
        self._waiting: dict[str, list[asyncio.Future[object]]] = {}
        self._deaf: set[Socket] = set()
        self._refusals = 0
        self.late_acks: list[str] = []

    def __len__(self) -> int:
        return len(self._open)

    def new_envelope_id(self) -> str:
        return str(uuid.uuid4())

    def url(self) -> str:
        """Where to connect; good for one connection."""
        ticket = secret()
        self._tickets.add(ticket)
        base = self._state.base_url.replace("http://", "ws://")
        return f"{base}/link/?ticket={ticket}&app_id={self._state.app.app_id}"

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """One connection, from hello until it ends."""
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            return web.Response(status=401)
        self._tickets.discard(ticket)
        if self._refusals:
            self._refusals -= 1
            return web.Response(status=HTTPStatus.SERVICE_UNAVAILABLE)
        # Pings are answered here: a connection may be deaf to them.
        websocket = web.WebSocketResponse(autoping=False)
        await websocket.prepare(request)
        if len(self._open) >= MOST_SOCKETS:
            await self._part(websocket, "too_many_websockets")
            return websocket
        await self._attend(Socket(websocket, request.transport))
        return websocket

    async def deliver(self, envelope: str) -> object:
        """Send to one random socket and wait for the ack, whichever socket it comes on."""
        envelope_id = json.loads(envelope)["envelope_id"]
        if not self._open:
            raise NoSocket
        acked: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(envelope_id, []).append(acked)
        try:
            await self._send(_RANDOM.choice(self._open), envelope)
            return await acked
        finally:
            self._forget(envelope_id, acked)

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Ask every connection to come back; "warning" is only a warning."""
        for socket in list(self._open):
            await self._say_disconnect(socket.websocket, reason)
            if reason != "warning":
                await socket.websocket.close()

    async def cut(self) -> None:
        """Lose every connection without a word, as a network does."""
        for socket in list(self._open):
            self._open.remove(socket)
            if socket.transport:
                socket.transport.abort()
        self._state.changed()

    def go_deaf(self) -> None:
        """Keep every connection, but answer and hear nothing on it any more."""
        self._deaf.update(self._open)

    @property
    def hearing(self) -> int:
        """How many connections are open and not deaf."""
        return len(set(self._open) - self._deaf)

    def refuse(self, *, times: int) -> None:
        """Let so many attempts to connect fail; their links are used up all the same."""
        self._refusals = times

    async def close(self) -> None:
        for socket in list(self._open):
            await socket.websocket.close()

    async def _attend(self, socket: Socket) -> None:
        self._open.append(socket)
        try:
            await socket.websocket.send_str(to_json(self._hello()))
            self._state.changed()
            async for message in socket.websocket:
                if socket in self._deaf:
                    continue
                if message.type is aiohttp.WSMsgType.TEXT:
                    self._take(message.json())
                elif message.type is aiohttp.WSMsgType.PING:
                    await socket.websocket.pong(message.data)
        finally:
            self._deaf.discard(socket)
            if socket in self._open:
                self._open.remove(socket)
            self._state.changed()

    def _take(self, answer: Json) -> None:
        envelope_id = str(answer.get("envelope_id"))
        waiting = [one for one in self._waiting.get(envelope_id, ()) if not one.done()]
        if waiting:
            waiting[0].set_result(answer.get("payload"))
        else:
            self.late_acks.append(envelope_id)
        self._state.changed()

    async def _send(self, socket: Socket, envelope: str) -> None:
        if socket in self._deaf:
            return
        try:
            await socket.websocket.send_str(envelope)
        except ConnectionError as gone:
            raise NoSocket from gone

    def _forget(self, envelope_id: str, acked: asyncio.Future[object]) -> None:
        waiting = self._waiting[envelope_id]
        waiting.remove(acked)
        if not waiting:
            del self._waiting[envelope_id]

    async def _part(self, websocket: web.WebSocketResponse, reason: str) -> None:
        await self._say_disconnect(websocket, reason)
        await websocket.close()

    async def _say_disconnect(self, websocket: web.WebSocketResponse, reason: str) -> None:
        goodbye = {"type": "disconnect", "reason": reason, "debug_info": _debug_info()}
        await websocket.send_str(to_json(goodbye))

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self._open),
            "debug_info": _debug_info() | {"approximate_connection_time": 18060},
            "connection_info": {"app_id": self._state.app.app_id},
        }


def _debug_info() -> Json:
    return {"host": "applink-sandbox", "build_number": 1}
