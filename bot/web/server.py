"""The doors: Slack's requests over HTTP or Socket Mode, and whether the bot is well."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from importlib import import_module
from typing import Any

import aiohttp
import uvicorn
from pydantic import SecretStr
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.adapter.starlette.async_handler import to_starlette_response
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.web.gauges import update_gauges
from bot.web.request_guard import MAX_BODY_BYTES, is_from_slack
from models.errors import DatabaseUnavailable
from models.infra.database import deadline
from models.infra.metrics import EXPOSITION_TYPE, exposition
from models.ticket_service import TicketService

DRAIN_TIMEOUT_SECONDS = 10
SLACK_EVENTS_PATH = "/slack/events"
# All of an answer's questions to the database; what else it does fits into the rest of the three
# seconds that Slack waits: https://docs.slack.dev/interactivity/handling-user-interaction
RESPONSE_DEADLINE_SECONDS = 2.2
# Slack itself gives up after three seconds.
_BODY_TIMEOUT_SECONDS = 2
_MIN_RECONNECT_SECONDS, _MAX_RECONNECT_SECONDS = 2, 60
log = logging.getLogger(__name__)


class Bot:
    """What the doors lead to: not ready until Slack has said who we are and there is an app."""

    def __init__(self, service: TicketService) -> None:
        self.service = service
        self.app: AsyncApp | None = None
        self.team_id = ""
        self.startup_status = "Slack has not said yet who this bot is."
        self.socket_client: SocketModeClient | None = None
        self.http_app: _HttpApp | None = None

    async def unready_reason(self) -> str | None:
        """Why the bot can't do its work, or None when it can."""
        if self.app is None:
            return self.startup_status
        by_socket = self.service.settings.slack_app_token is not None
        if by_socket and (
            self.socket_client is None or not await self.socket_client.is_connected()
        ):
            return "Slack's Socket Mode is not connected."
        try:
            await self.service.database.ping()
            await self.service.step_queue.ping()
        except DatabaseUnavailable as away:
            return str(away)
        return None


@asynccontextmanager
async def run_http_server(bot: Bot) -> AsyncIterator[None]:
    """Listen on HOST:PORT; at the end, what was received is answered first.

    Raises:
        OSError: somebody else listens there.
    """
    settings = bot.service.settings
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    door = socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    # asyncio sets it only for sockets whose protocol is named. Without it the second part of an
    # answer waits for the first to be acknowledged, which takes a peer 40 ms.
    door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    front = bot.http_app = _HttpApp(bot)
    config = uvicorn.Config(
        front,
        log_config=None,
        access_log=False,
        server_header=False,
        # Nobody here asks who it is that a proxy speaks for.
        proxy_headers=False,
        lifespan="off",
        timeout_graceful_shutdown=DRAIN_TIMEOUT_SECONDS,
    )
    server = _HttpServer(config)
    serving = asyncio.create_task(server.serve(sockets=[door]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving


class _HttpApp:
    """All that is reached over HTTP (ASGI); Slack's own requests, the most by far, come first."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._slack_over_http = bot.service.settings.slack_app_token is None
        self._site: ASGIApp | None = None
        self._site_lock = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path, method = scope.get("path", ""), scope.get("method", "")
        answer: Response | None = None
        if path == SLACK_EVENTS_PATH and method == "POST" and self._slack_over_http:
            answer = await slack_events(self._bot, Request(scope, receive))
        elif path in _HEALTH_ROUTES and method in {"GET", "HEAD"}:
            answer = await _HEALTH_ROUTES[path](self._bot)
        await (answer or await self.load_site())(scope, receive, send)

    async def load_site(self) -> ASGIApp:
        """Everything else, loaded when it is first asked for, or before."""
        async with self._site_lock:
            if self._site is None:
                # In a thread, since it takes as long as all else of the bot together.
                module = await asyncio.to_thread(import_module, "bot.web.site")
                self._site = module.build_site(self._bot.service, self._bot)
        return self._site


class _HttpServer(uvicorn.Server):
    """Leaves signals to `bot.web.process`, which has more to end than the doors."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@asynccontextmanager
async def connect_socket_mode(app: AsyncApp, app_token: str) -> AsyncIterator[SocketModeClient]:
    """Connect over Socket Mode; at the end, what was received is answered first."""
    handler = _DrainingHandler(app, app_token)
    await handler.client.connect()  # type: ignore[no-untyped-call]
    try:
        yield handler.client
    finally:
        await handler.drain()
        await handler.client.close()  # type: ignore[no-untyped-call]


async def healthz(_bot: Bot) -> Response:
    """The process lives."""
    return PlainTextResponse("ok\n")


async def readyz(bot: Bot) -> Response:
    """The bot can do its work; else 503 and the reason."""
    reason = await bot.unready_reason()
    return PlainTextResponse(f"{reason or 'ready'}\n", status_code=503 if reason else 200)


async def metrics(bot: Bot) -> Response:
    """What Prometheus is told: of this process, and of the desk as a whole."""
    try:
        await update_gauges(bot.service, bot.team_id)
    except DatabaseUnavailable as away:
        log.warning("the desk can't be measured: %r", away.__cause__)
    return Response(exposition(), headers={"Content-Type": EXPOSITION_TYPE})


_HEALTH_ROUTES: Mapping[str, Callable[[Bot], Awaitable[Response]]] = {
    "/healthz": healthz,
    "/readyz": readyz,
    "/metrics": metrics,
}


async def slack_events(bot: Bot, request: Request) -> Response:
    """Everything Slack sends over HTTP: 401 when it is not from Slack, 413 when it is too much."""
    try:
        body = await _read_signed_body(request, bot.service.settings.slack_signing_secret)
    except _RequestRejected as kept_out:
        return PlainTextResponse(f"{kept_out}\n", status_code=kept_out.status)
    if bot.app is None:
        return PlainTextResponse("not ready yet\n", status_code=503)
    try:
        with deadline(RESPONSE_DEADLINE_SECONDS):
            asked = AsyncBoltRequest(body=body.decode(), headers=request.headers)  # type: ignore[arg-type]
            answer = await bot.app.async_dispatch(asked)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        # Listeners' errors are answered by `bot.errors`; this is Bolt, unable to read the body.
        log.warning("a signed request could not be read: %s", type(error).__name__)
        return PlainTextResponse("not what Slack sends\n", status_code=400)
    return to_starlette_response(answer)


class _RequestRejected(Exception):
    """Nothing that Slack would send."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


async def _read_signed_body(request: Request, secret: SecretStr) -> bytes:
    """The body, signed by Slack."""
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_TIMEOUT_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > MAX_BODY_BYTES:
                    raise _RequestRejected(413, "too much")
    except TimeoutError as error:
        raise _RequestRejected(408, "too slow") from error
    except ClientDisconnect as error:
        raise _RequestRejected(400, "gone") from error
    if not is_from_slack(secret, request.headers, bytes(body)):
        raise _RequestRejected(401, "not signed by Slack")
    return bytes(body)


class _SocketModeConnection(SocketModeClient):
    """Slack's client, but it tries no link twice, and waits when there are too many of it."""

    def __init__(self, app: AsyncApp, app_token: str) -> None:
        super().__init__(app_token, logger=app.logger, web_client=app.client)
        self._reconnect_seconds = 0
        # A link is good for one attempt; slack_sdk would repeat a failed one with it for ever.
        tracing = aiohttp.TraceConfig()
        tracing.on_request_start.append(self._discard_wss_url)
        tracing.freeze()
        self.aiohttp_client_session.trace_configs.append(tracing)

    async def _discard_wss_url(self, *_: object) -> None:
        self.wss_uri = None

    async def issue_new_wss_url(self) -> str:
        """Ask for a link, but not before the time."""
        await asyncio.sleep(self._reconnect_seconds)
        return await super().issue_new_wss_url()

    async def run_message_listeners(self, message: dict[str, Any], raw_message: str) -> None:
        """Do what Slack sends; slack_sdk would come back at once, again and again."""
        if message.get("reason") == "too_many_websockets":
            self._reconnect_seconds = min(
                max(2 * self._reconnect_seconds, _MIN_RECONNECT_SECONDS), _MAX_RECONNECT_SECONDS
            )
            log.warning(
                "too many sockets, says Slack: the next try is in %d s", self._reconnect_seconds
            )
            # That it is closed is seen, and then another is opened.
            await self.disconnect()  # type: ignore[no-untyped-call]
            return
        if message.get("type") == "hello":
            self._reconnect_seconds = 0
        await super().run_message_listeners(message, raw_message)


class _DrainingHandler(AsyncSocketModeHandler):
    """Keeps track of the envelopes at work: Bolt's own handler drops them when it closes."""

    def __init__(self, app: AsyncApp, app_token: str) -> None:
        # Bolt's own would make a client of slack_sdk's kind.
        self.app, self.app_token = app, app_token
        self.client = _SocketModeConnection(app, app_token)
        self.client.socket_mode_request_listeners.append(self.handle)  # type: ignore[arg-type]
        self._in_flight: set[asyncio.Task[None]] = set()

    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]
        work = asyncio.create_task(self._handle_within_deadline(client, req))
        self._in_flight.add(work)
        work.add_done_callback(self._in_flight.discard)
        await work

    async def _handle_within_deadline(
        self, client: SocketModeClient, req: SocketModeRequest
    ) -> None:
        with deadline(RESPONSE_DEADLINE_SECONDS):
            await super().handle(client, req)

    async def drain(self) -> None:
        """Let the envelopes at work be answered, for so long at most."""
        if self._in_flight:
            await asyncio.wait(set(self._in_flight), timeout=DRAIN_TIMEOUT_SECONDS)
