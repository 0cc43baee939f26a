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

from bot.guard import MAX_BODY, is_from_slack
from bot.measuring import measure
from models.database import all_within
from models.desk import Desk
from models.errors import Unavailable
from models.metrics import EXPOSITION_TYPE, exposition

DRAIN_SECONDS = 10
SLACK_PATH = "/slack/events"
# All of an answer's questions to the database; what else it does fits into the rest of the three
# seconds that Slack waits: https://docs.slack.dev/interactivity/handling-user-interaction
ANSWER_SECONDS = 2.2
# Slack itself gives up after three seconds.
_BODY_SECONDS = 2
_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 2, 60
log = logging.getLogger(__name__)


class Bot:
    """What the doors lead to: not ready until Slack has said who we are and there is an app."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.app: AsyncApp | None = None
        self.team_id = ""
        self.waits_for = "Slack has not said yet who this bot is."
        self.socket: SocketModeClient | None = None
        self.front: _Front | None = None

    async def not_ready(self) -> str | None:
        """Why the bot can't do its work, or None when it can."""
        if self.app is None:
            return self.waits_for
        by_socket = self.desk.settings.slack_app_token is not None
        if by_socket and (self.socket is None or not await self.socket.is_connected()):
            return "Slack's Socket Mode is not connected."
        try:
            await self.desk.database.ping()
            await self.desk.queue.ping()
        except Unavailable as away:
            return str(away)
        return None


@asynccontextmanager
async def open_doors(bot: Bot) -> AsyncIterator[None]:
    """Listen on HOST:PORT; at the end, what was received is answered first.

    Raises:
        OSError: somebody else listens there.
    """
    settings = bot.desk.settings
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    door = socket.create_server((settings.host, settings.port), family=family, backlog=2048)
    # asyncio sets it only for sockets whose protocol is named. Without it the second part of an
    # answer waits for the first to be acknowledged, which takes a peer 40 ms.
    door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    front = bot.front = _Front(bot)
    config = uvicorn.Config(
        front,
        log_config=None,
        access_log=False,
        server_header=False,
        # Nobody here asks who it is that a proxy speaks for.
        proxy_headers=False,
        lifespan="off",
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[door]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving


class _Front:
    """All that is reached over HTTP (ASGI); Slack's own requests, the most by far, come first."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._by_http = bot.desk.settings.slack_app_token is None
        self._site: ASGIApp | None = None
        self._loading = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path, method = scope.get("path", ""), scope.get("method", "")
        answer: Response | None = None
        if path == SLACK_PATH and method == "POST" and self._by_http:
            answer = await slack_events(self._bot, Request(scope, receive))
        elif path in _HEALTH and method in {"GET", "HEAD"}:
            answer = await _HEALTH[path](self._bot)
        await (answer or await self.site())(scope, receive, send)

    async def site(self) -> ASGIApp:
        """Everything else, loaded when it is first asked for, or before."""
        async with self._loading:
            if self._site is None:
                # In a thread, since it takes as long as all else of the bot together.
                module = await asyncio.to_thread(import_module, "bot.site")
                self._site = module.build_site(self._bot.desk, self._bot)
        return self._site


class _Server(uvicorn.Server):
    """Leaves signals to `bot.running`, which has more to end than the doors."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@asynccontextmanager
async def open_socket(app: AsyncApp, app_token: str) -> AsyncIterator[SocketModeClient]:
    """Connect over Socket Mode; at the end, what was received is answered first."""
    handler = _Draining(app, app_token)
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
    reason = await bot.not_ready()
    return PlainTextResponse(f"{reason or 'ready'}\n", status_code=503 if reason else 200)


async def metrics(bot: Bot) -> Response:
    """What Prometheus is told: of this process, and of the desk as a whole."""
    try:
        await measure(bot.desk, bot.team_id)
    except Unavailable as away:
        log.warning("the desk can't be measured: %r", away.__cause__)
    return Response(exposition(), headers={"Content-Type": EXPOSITION_TYPE})


_HEALTH: Mapping[str, Callable[[Bot], Awaitable[Response]]] = {
    "/healthz": healthz,
    "/readyz": readyz,
    "/metrics": metrics,
}


async def slack_events(bot: Bot, request: Request) -> Response:
    """Everything Slack sends over HTTP: 401 when it is not from Slack, 413 when it is too much."""
    try:
        body = await _signed(request, bot.desk.settings.slack_signing_secret)
    except _KeptOutError as kept_out:
        return PlainTextResponse(f"{kept_out}\n", status_code=kept_out.status)
    if bot.app is None:
        return PlainTextResponse("not ready yet\n", status_code=503)
    try:
        with all_within(ANSWER_SECONDS):
            asked = AsyncBoltRequest(body=body.decode(), headers=request.headers)  # type: ignore[arg-type]
            answer = await bot.app.async_dispatch(asked)
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        # Listeners' errors are answered by `bot.errors`; this is Bolt, unable to read the body.
        log.warning("a signed request could not be read: %s", type(error).__name__)
        return PlainTextResponse("not what Slack sends\n", status_code=400)
    return to_starlette_response(answer)


class _KeptOutError(Exception):
    """Nothing that Slack would send."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


async def _signed(request: Request, secret: SecretStr) -> bytes:
    """The body, signed by Slack."""
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > MAX_BODY:
                    raise _KeptOutError(413, "too much")
    except TimeoutError as error:
        raise _KeptOutError(408, "too slow") from error
    except ClientDisconnect as error:
        raise _KeptOutError(400, "gone") from error
    if not is_from_slack(secret, request.headers, bytes(body)):
        raise _KeptOutError(401, "not signed by Slack")
    return bytes(body)


class _Socket(SocketModeClient):
    """Slack's client, but it tries no link twice, and waits when there are too many of it."""

    def __init__(self, app: AsyncApp, app_token: str) -> None:
        super().__init__(app_token, logger=app.logger, web_client=app.client)
        self._pause = 0
        # A link is good for one attempt; slack_sdk would repeat a failed one with it for ever.
        tracing = aiohttp.TraceConfig()
        tracing.on_request_start.append(self._forget_link)
        tracing.freeze()
        self.aiohttp_client_session.trace_configs.append(tracing)

    async def _forget_link(self, *_: object) -> None:
        self.wss_uri = None

    async def issue_new_wss_url(self) -> str:
        """Ask for a link, but not before the time."""
        await asyncio.sleep(self._pause)
        return await super().issue_new_wss_url()

    async def run_message_listeners(self, message: dict[str, Any], raw_message: str) -> None:
        """Do what Slack sends; slack_sdk would come back at once, again and again."""
        if message.get("reason") == "too_many_websockets":
            self._pause = min(max(2 * self._pause, _PAUSE_SECONDS), _LONGEST_PAUSE_SECONDS)
            log.warning("too many sockets, says Slack: the next try is in %d s", self._pause)
            # That it is closed is seen, and then another is opened.
            await self.disconnect()  # type: ignore[no-untyped-call]
            return
        if message.get("type") == "hello":
            self._pause = 0
        await super().run_message_listeners(message, raw_message)


class _Draining(AsyncSocketModeHandler):
    """Keeps track of the envelopes at work: Bolt's own handler drops them when it closes."""

    def __init__(self, app: AsyncApp, app_token: str) -> None:
        # Bolt's own would make a client of slack_sdk's kind.
        self.app, self.app_token = app, app_token
        self.client = _Socket(app, app_token)
        self.client.socket_mode_request_listeners.append(self.handle)  # type: ignore[arg-type]
        self._at_work: set[asyncio.Task[None]] = set()

    async def handle(self, client: SocketModeClient, req: SocketModeRequest) -> None:  # type: ignore[override]
        work = asyncio.create_task(self._answer(client, req))
        self._at_work.add(work)
        work.add_done_callback(self._at_work.discard)
        await work

    async def _answer(self, client: SocketModeClient, req: SocketModeRequest) -> None:
        with all_within(ANSWER_SECONDS):
            await super().handle(client, req)

    async def drain(self) -> None:
        """Let the envelopes at work be answered, for so long at most."""
        if self._at_work:
            await asyncio.wait(set(self._at_work), timeout=DRAIN_SECONDS)
