"""Socket Mode: receives Slack's requests over a WebSocket instead of HTTP."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.web.time_limits import DRAIN_TIMEOUT_SECONDS, RESPONSE_DEADLINE_SECONDS
from models.infra.database import deadline

_MIN_RECONNECT_SECONDS, _MAX_RECONNECT_SECONDS = 2, 60
log = logging.getLogger(__name__)


class SocketModeConnection(SocketModeClient):
    """Slack's client, which uses each connection URL once and backs off if Slack has too many."""

    def __init__(self, app: AsyncApp, app_token: str) -> None:
        super().__init__(app_token, logger=app.logger, web_client=app.client)
        self._reconnect_seconds = 0
        # A URL is valid for one attempt. After a failure slack_sdk would retry it without end.
        tracing = aiohttp.TraceConfig()
        tracing.on_request_start.append(self._discard_wss_url)
        tracing.freeze()
        self.aiohttp_client_session.trace_configs.append(tracing)

    async def _discard_wss_url(self, *_: object) -> None:
        self.wss_uri = None

    async def issue_new_wss_url(self) -> str:
        """A new connection URL, after the back-off time."""
        await asyncio.sleep(self._reconnect_seconds)
        return await super().issue_new_wss_url()

    async def run_message_listeners(self, message: dict[str, Any], raw_message: str) -> None:
        """Handle a message; on `too_many_websockets` slack_sdk would reconnect without a pause."""
        if message.get("reason") == "too_many_websockets":
            self._reconnect_seconds = min(
                max(2 * self._reconnect_seconds, _MIN_RECONNECT_SECONDS), _MAX_RECONNECT_SECONDS
            )
            log.warning(
                "Slack has too many sockets of this app: the bot reconnects in %d s",
                self._reconnect_seconds,
            )
            # slack_sdk's monitor notices the closed session and opens another one.
            await self.disconnect()  # type: ignore[no-untyped-call]
            return
        if message.get("type") == "hello":
            self._reconnect_seconds = 0
        await super().run_message_listeners(message, raw_message)


class _DrainingHandler(AsyncSocketModeHandler):
    """Tracks the envelopes in progress, which Bolt's own handler drops when it closes."""

    client: SocketModeConnection

    def __init__(self, app: AsyncApp, app_token: str) -> None:
        # Without super().__init__(): Bolt's constructor would create slack_sdk's own client.
        self.app, self.app_token = app, app_token
        self.client = SocketModeConnection(app, app_token)
        self.client.socket_mode_request_listeners.append(self.handle)  # type: ignore[arg-type]
        self._in_flight: set[asyncio.Task[None]] = set()

    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]
        task = asyncio.create_task(self._handle_within_deadline(client, req))
        self._in_flight.add(task)
        task.add_done_callback(self._in_flight.discard)
        await task

    async def _handle_within_deadline(
        self, client: SocketModeClient, req: SocketModeRequest
    ) -> None:
        with deadline(RESPONSE_DEADLINE_SECONDS):
            await super().handle(client, req)

    async def drain(self) -> None:
        """Wait until the envelopes in progress are answered, at most DRAIN_TIMEOUT_SECONDS."""
        if self._in_flight:
            await asyncio.wait(set(self._in_flight), timeout=DRAIN_TIMEOUT_SECONDS)


@asynccontextmanager
async def connect_socket_mode(app: AsyncApp, app_token: str) -> AsyncIterator[SocketModeConnection]:
    """A connection to Slack; at the end, received requests are answered before it closes."""
    handler = _DrainingHandler(app, app_token)
    await handler.client.connect()  # type: ignore[no-untyped-call]
    try:
        yield handler.client
    finally:
        await handler.drain()
        await handler.client.close()  # type: ignore[no-untyped-call]
