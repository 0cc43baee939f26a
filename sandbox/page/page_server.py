"""The page's server: static files, event streams of the screens, and actions of people."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web
from aiohttp_sse import EventSourceResponse
from pydantic import BaseModel, ConfigDict, ValidationError

from sandbox.page.fault_switches import FaultSwitches
from sandbox.page.inspector import inspector_object
from sandbox.page.screen import ScreenRenderer
from sandbox.page.user_actions import PAGE_ACTION_ADAPTER, OptionsQuery, PageSession
from sandbox.slack.actors.person import Person
from sandbox.slack.primitives.change_notifier import ChangeNotifier
from sandbox.slack.primitives.json_types import Json
from sandbox.world.world import World

STATIC = Path(__file__).parent / "static"
# Changes within this time are sent together, so that a busy workspace does not flood the page.
_MIN_SCREEN_INTERVAL_SECONDS = 0.05
_INSPECTOR_INTERVAL_SECONDS = 0.5
# The page shows content of apps but never runs it. E-mails bring their own styles, and images may
# come from anywhere.
_CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src * data:; media-src *; style-src 'self' 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


class SwitchRequest(BaseModel):
    """The body of a request that sets a fault switch."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    on: bool = True


class PageServer:
    """`async with PageServer(world) as page:` listens on 127.0.0.1 until the block ends."""

    def __init__(self, world: World, *, port: int = 0) -> None:
        self.url = ""
        self._world = world
        self._port = port
        self._switches = FaultSwitches(world)
        self._screens = ScreenRenderer(world, self._switches)
        self._notifier = ChangeNotifier()
        self._source_notifiers = [
            world.slack.state.notifier,
            world.mail.notifier,
            self._switches.notifier,
        ]
        self._open_streams: set[EventSourceResponse] = set()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        for source in self._source_notifiers:
            source.add_listener(self._notifier.notify)
        app = web.Application(middlewares=[_protect_requests], client_max_size=32 * 1024**2)
        app.on_shutdown.append(self._stop_streams)
        app.add_routes(
            [
                web.get("/", self._index),
                web.static("/static", STATIC),
                web.get("/api/live", self._stream_screen),
                web.get("/api/inspector", self._stream_inspector),
                web.post("/api/act", self._run_action),
                web.post("/api/options", self._fetch_options),
                web.post("/api/switch", self._set_switch),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for source in self._source_notifiers:
            source.remove_listener(self._notifier.notify)
        await self._switches.close()
        if self._runner:
            await self._runner.cleanup()

    async def _index(self, _request: web.Request) -> web.StreamResponse:
        return web.FileResponse(STATIC / "index.html")

    async def _stream_screen(self, request: web.Request) -> web.StreamResponse:
        person = self._person_or_first(request.query.get("as", ""))

        async def send_screens(stream: EventSourceResponse) -> None:
            while True:
                upcoming = self._notifier.next_change
                await stream.send(_json(self._screens.render_screen(person)), event="screen")
                await asyncio.sleep(_MIN_SCREEN_INTERVAL_SECONDS)
                await upcoming.wait()

        return await self._stream(request, send_screens)

    async def _stream_inspector(self, request: web.Request) -> web.StreamResponse:
        """Poll the data, because MongoDB and Redis do not report changes."""

        async def send_changes(stream: EventSourceResponse) -> None:
            before = ""
            while True:
                data = _json(await inspector_object(self._world))
                if data != before:
                    await stream.send(data, event="inspector")
                    before = data
                await asyncio.sleep(_INSPECTOR_INTERVAL_SECONDS)

        return await self._stream(request, send_changes)

    async def _stream(
        self, request: web.Request, send: Callable[[EventSourceResponse], Awaitable[None]]
    ) -> web.StreamResponse:
        stream = EventSourceResponse()
        await stream.prepare(request)
        self._open_streams.add(stream)
        try:
            async with stream:
                sending = asyncio.ensure_future(send(stream))
                await stream.wait()
        finally:
            self._open_streams.discard(stream)
            sending.cancel()
            with suppress(asyncio.CancelledError, ConnectionError):
                await sending
        return stream

    async def _stop_streams(self, _app: web.Application) -> None:
        """End the streams; otherwise the server waits until all windows are closed."""
        for stream in list(self._open_streams):
            stream.stop_streaming()

    async def _run_action(self, request: web.Request) -> web.StreamResponse:
        action = PAGE_ACTION_ADAPTER.validate_json(await request.read())
        await action.perform(self._session(action.person_id))
        return web.json_response({"ok": True})

    async def _fetch_options(self, request: web.Request) -> web.StreamResponse:
        query = OptionsQuery.model_validate_json(await request.read())
        return web.json_response({"options": await query.fetch(self._session(query.person_id))})

    async def _set_switch(self, request: web.Request) -> web.StreamResponse:
        change = SwitchRequest.model_validate_json(await request.read())
        await self._switches.set_switch(change.name, on=change.on)
        return web.json_response({"ok": True})

    def _session(self, person_id: str) -> PageSession:
        slack = self._world.slack
        return PageSession(slack=slack, screens=self._screens, person=slack.get_person(person_id))

    def _person_or_first(self, person_id: str) -> Person:
        with suppress(LookupError):
            return self._world.slack.get_person(person_id)
        return self._world.slack.people[0]


@web.middleware
async def _protect_requests(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Turn errors into sentences, and refuse requests from pages of other sites."""
    if request.method == "POST" and request.content_type != "application/json":
        # A form on another site cannot send this content type.
        raise web.HTTPUnsupportedMediaType
    try:
        response = await handler(request)
    except ValidationError as error:
        return _error_response(HTTPStatus.BAD_REQUEST, f"The request is not valid: {error}")
    except LookupError as error:
        return _error_response(HTTPStatus.CONFLICT, str(error))
    if not response.prepared:
        response.headers["Content-Security-Policy"] = _CONTENT_SECURITY_POLICY
        response.headers["Cache-Control"] = "no-cache"
    return response


def _error_response(status: HTTPStatus, error: str) -> web.Response:
    return web.json_response({"ok": False, "error": error}, status=status)


def _json(value: Json) -> str:
    return json.dumps(value, separators=(",", ":"), default=str)
