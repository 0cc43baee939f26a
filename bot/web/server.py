"""The HTTP server: Slack's requests, health and metrics, and the site with API and link pages."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from importlib import import_module

import uvicorn
from slack_bolt.adapter.starlette.async_handler import to_starlette_response
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.services import BotServices
from bot.web.gauges import update_gauges
from bot.web.request_guard import RequestRejected, read_signed_body
from bot.web.socket_mode import SocketModeConnection
from bot.web.time_limits import DRAIN_TIMEOUT_SECONDS, RESPONSE_DEADLINE_SECONDS
from models.errors import DatabaseUnavailable
from models.infra.database import deadline
from models.infra.metrics import EXPOSITION_TYPE, exposition
from models.services import bind

SLACK_EVENTS_PATH = "/slack/events"
log = logging.getLogger(__name__)


class Bot:
    """The bot behind the server; it has no Bolt app until Slack and MongoDB have answered.

    Attributes:
        app: the Bolt app, once the bot is ready.
        team_id: the workspace, once it is known.
        startup_status: the reason why the bot is not ready yet.
        socket_client: the connection, if Slack's requests come by Socket Mode.
        http_app: the ASGI app, once the server runs.
    """

    def __init__(self, services: BotServices) -> None:
        self.services = services
        self.app: AsyncApp | None = None
        self.team_id = ""
        self.startup_status = "Slack has not confirmed the bot token yet."
        self.socket_client: SocketModeConnection | None = None
        self.http_app: _HttpApp | None = None

    async def unready_reason(self) -> str | None:
        """The reason why the bot cannot work, or None if it can."""
        if self.app is None:
            return self.startup_status
        uses_socket_mode = self.services.settings.slack_app_token is not None
        if uses_socket_mode and (
            self.socket_client is None or not await self.socket_client.is_connected()
        ):
            return "Slack's Socket Mode is not connected."
        try:
            await self.services.database.ping()
            await self.services.step_queue.ping()
        except DatabaseUnavailable as error:
            return str(error)
        return None


@asynccontextmanager
async def run_http_server(bot: Bot) -> AsyncIterator[None]:
    """Listen on HOST:PORT; at the end, received requests are answered before the server stops.

    Raises:
        OSError: another process listens there.
    """
    settings = bot.services.settings
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening_socket = socket.create_server(
        (settings.host, settings.port), family=family, backlog=2048
    )
    # asyncio sets TCP_NODELAY only for sockets with an explicit protocol number. Without it, the
    # second part of an answer waits until the first is acknowledged, which takes a peer 40 ms.
    listening_socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    http_app = bot.http_app = _HttpApp(bot)
    config = uvicorn.Config(
        http_app,
        log_config=None,
        access_log=False,
        server_header=False,
        # No code reads the client address, so a proxy's headers are not needed.
        proxy_headers=False,
        lifespan="off",
        timeout_graceful_shutdown=DRAIN_TIMEOUT_SECONDS,
    )
    server = _HttpServer(config)
    serving = asyncio.create_task(server.serve(sockets=[listening_socket]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving


class _HttpApp:
    """The ASGI app; it answers Slack's requests itself, since they are by far the most."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._slack_over_http = bot.services.settings.slack_app_token is None
        self._site: ASGIApp | None = None
        self._site_lock = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, method = scope.get("path", ""), scope.get("method", "")
        response: Response | None = None
        if path == SLACK_EVENTS_PATH and method == "POST" and self._slack_over_http:
            response = await slack_events(self._bot, Request(scope, receive))
        elif path in _HEALTH_ROUTES and method in {"GET", "HEAD"}:
            response = await _HEALTH_ROUTES[path](self._bot)
        await (response or await self.load_site())(scope, receive, send)

    async def load_site(self) -> ASGIApp:
        """The site with API and link pages, loaded at its first request or by `bot.web.process`."""
        async with self._site_lock:
            if self._site is None:
                # In a thread: FastAPI takes as long to import as the whole rest of the bot.
                module = await asyncio.to_thread(import_module, "bot.web.site")
                self._site = module.build_site(self._bot)
        return self._site


class _HttpServer(uvicorn.Server):
    """Leaves signals to `bot.web.process`, which ends more than the server."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def healthz(_bot: Bot) -> Response:
    return PlainTextResponse("ok\n")


async def readyz(bot: Bot) -> Response:
    reason = await bot.unready_reason()
    return PlainTextResponse(f"{reason or 'ready'}\n", status_code=503 if reason else 200)


async def metrics(bot: Bot) -> Response:
    try:
        await bind(update_gauges, bot.services)(bot.team_id)
    except DatabaseUnavailable as error:
        log.warning("the gauges are not updated: MongoDB does not answer: %r", error.__cause__)
    return Response(exposition(), headers={"Content-Type": EXPOSITION_TYPE})


_HEALTH_ROUTES: Mapping[str, Callable[[Bot], Awaitable[Response]]] = {
    "/healthz": healthz,
    "/readyz": readyz,
    "/metrics": metrics,
}


async def slack_events(bot: Bot, request: Request) -> Response:
    """The answer to a request of Slack over HTTP."""
    try:
        body = await read_signed_body(request, bot.services.settings.slack_signing_secret)
    except RequestRejected as error:
        return PlainTextResponse(f"{error}\n", status_code=error.status)
    if bot.app is None:
        return PlainTextResponse("the bot is not ready yet\n", status_code=503)
    try:
        with deadline(RESPONSE_DEADLINE_SECONDS):
            bolt_request = AsyncBoltRequest(body=body.decode(), headers=request.headers)  # type: ignore[arg-type]
            bolt_response = await bot.app.async_dispatch(bolt_request)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        # `bot.errors` answers errors of listeners. These come from Bolt's parsing of the body.
        log.warning("Bolt cannot parse a signed request: %s", type(error).__name__)
        return PlainTextResponse("the body is not a Slack request\n", status_code=400)
    return to_starlette_response(bolt_response)
