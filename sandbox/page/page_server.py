"""The page's server: static files, what is on the screens as it changes, and what is done."""

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
# At most so often a screen is sent anew; what happens in between comes together.
_MIN_SCREEN_INTERVAL_SECONDS = 0.05
_INSPECTOR_INTERVAL_SECONDS = 0.5
# What the app sends is shown, never run; letters have styles of their own, pictures come from it.
_CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src * data:; media-src *; style-src 'self' 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


class SwitchRequest(BaseModel):
    """What the page says of a switch."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    on: bool = True


class PageServer:
    """`async with Page(world) as page:` it listens on 127.0.0.1 until the block ends."""

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
                web.get("/api/behind", self._stream_inspector),
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
        """A person's screen, now and after each change."""
        person = self._person_or_first(request.query.get("as", ""))

        async def tell(stream: EventSourceResponse) -> None:
            while True:
                upcoming = self._notifier.next_change
                await stream.send(_json(self._screens.render_screen(person)), event="screen")
                await asyncio.sleep(_MIN_SCREEN_INTERVAL_SECONDS)
                await upcoming.wait()

        return await self._stream(request, tell)

    async def _stream_inspector(self, request: web.Request) -> web.StreamResponse:
        """What is behind the scenes; MongoDB and Redis do not call, so they are asked."""

        async def tell(stream: EventSourceResponse) -> None:
            told = ""
            while True:
                now = _json(await inspector_object(self._world))
                if now != told:
                    await stream.send(now, event="behind")
                    told = now
                await asyncio.sleep(_INSPECTOR_INTERVAL_SECONDS)

        return await self._stream(request, tell)

    async def _stream(
        self, request: web.Request, tell: Callable[[EventSourceResponse], Awaitable[None]]
    ) -> web.StreamResponse:
        stream = EventSourceResponse()
        await stream.prepare(request)
        self._open_streams.add(stream)
        try:
            async with stream:
                telling = asyncio.ensure_future(tell(stream))
                await stream.wait()
        finally:
            self._open_streams.discard(stream)
            telling.cancel()
            with suppress(asyncio.CancelledError, ConnectionError):
                await telling
        return stream

    async def _stop_streams(self, _app: web.Application) -> None:
        """End the streams, which would otherwise end with their readers."""
        for stream in list(self._open_streams):
            stream.stop_streaming()

    async def _run_action(self, request: web.Request) -> web.StreamResponse:
        act = PAGE_ACTION_ADAPTER.validate_json(await request.read())
        await act.perform(self._session(act.who))
        return web.json_response({"ok": True})

    async def _fetch_options(self, request: web.Request) -> web.StreamResponse:
        asked = OptionsQuery.model_validate_json(await request.read())
        return web.json_response({"options": await asked.fetch(self._session(asked.who))})

    async def _set_switch(self, request: web.Request) -> web.StreamResponse:
        turn = SwitchRequest.model_validate_json(await request.read())
        await self._switches.set_switch(turn.name, on=turn.on)
        return web.json_response({"ok": True})

    def _session(self, who: str) -> PageSession:
        slack = self._world.slack
        return PageSession(slack=slack, screens=self._screens, person=slack.get_person(who))

    def _person_or_first(self, who: str) -> Person:
        """Whom the address names; a stranger sits down in the first one's place."""
        with suppress(LookupError):
            return self._world.slack.get_person(who)
        return self._world.slack.people[0]


@web.middleware
async def _protect_requests(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Say what cannot be done as a sentence; take nothing from the pages of others."""
    if request.method == "POST" and request.content_type != "application/json":
        # A form of another site's can send anything but this.
        raise web.HTTPUnsupportedMediaType
    try:
        response = await handler(request)
    except ValidationError as wrong:
        return _error_response(HTTPStatus.BAD_REQUEST, f"That makes no sense here: {wrong}")
    except LookupError as impossible:
        return _error_response(HTTPStatus.CONFLICT, str(impossible))
    if not response.prepared:
        response.headers["Content-Security-Policy"] = _CONTENT_SECURITY_POLICY
        response.headers["Cache-Control"] = "no-cache"
    return response


def _error_response(status: HTTPStatus, error: str) -> web.Response:
    return web.json_response({"ok": False, "error": error}, status=status)


def _json(value: Json) -> str:
    return json.dumps(value, separators=(",", ":"), default=str)
