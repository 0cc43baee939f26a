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

from sandbox.page.acting import ACT, Options, Seat
from sandbox.page.scenes import behind
from sandbox.page.screen import Screens
from sandbox.page.switches import Switches
from sandbox.slack.changes import Changes
from sandbox.slack.person import Person
from sandbox.slack.shapes import Json
from sandbox.world import World

STATIC = Path(__file__).parent / "static"
# At most so often a screen is sent anew; what happens in between comes together.
_SCREEN_SECONDS = 0.05
_BEHIND_SECONDS = 0.5
# What the app sends is shown, never run; letters have styles of their own, pictures come from it.
_POLICY = (
    "default-src 'self'; img-src * data:; media-src *; style-src 'self' 'unsafe-inline'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


class Turn(BaseModel):
    """What the page says of a switch."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    on: bool = True


class Page:
    """`async with Page(world) as page:` it listens on 127.0.0.1 until the block ends."""

    def __init__(self, world: World, *, port: int = 0) -> None:
        self.url = ""
        self._world = world
        self._port = port
        self._switches = Switches(world)
        self._screens = Screens(world, self._switches)
        self._changes = Changes()
        self._sources = [world.slack.state.changes, world.mail.changes, self._switches.changes]
        self._open: set[EventSourceResponse] = set()
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        for source in self._sources:
            source.pass_on_to(self._changes.announce)
        app = web.Application(middlewares=[_careful], client_max_size=32 * 1024**2)
        app.on_shutdown.append(self._let_go)
        app.add_routes(
            [
                web.get("/", self._index),
                web.static("/static", STATIC),
                web.get("/api/live", self._live),
                web.get("/api/behind", self._behind),
                web.post("/api/act", self._act),
                web.post("/api/options", self._options),
                web.post("/api/switch", self._switch),
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
        for source in self._sources:
            source.no_longer_to(self._changes.announce)
        await self._switches.close()
        if self._runner:
            await self._runner.cleanup()

    async def _index(self, _request: web.Request) -> web.StreamResponse:
        return web.FileResponse(STATIC / "index.html")

    async def _live(self, request: web.Request) -> web.StreamResponse:
        """A person's screen, now and after each change."""
        person = self._person(request.query.get("as", ""))

        async def tell(stream: EventSourceResponse) -> None:
            while True:
                upcoming = self._changes.upcoming
                await stream.send(_json(self._screens.screen(person)), event="screen")
                await asyncio.sleep(_SCREEN_SECONDS)
                await upcoming.wait()

        return await self._stream(request, tell)

    async def _behind(self, request: web.Request) -> web.StreamResponse:
        """What is behind the scenes; MongoDB and Redis do not call, so they are asked."""

        async def tell(stream: EventSourceResponse) -> None:
            told = ""
            while True:
                now = _json(await behind(self._world))
                if now != told:
                    await stream.send(now, event="behind")
                    told = now
                await asyncio.sleep(_BEHIND_SECONDS)

        return await self._stream(request, tell)

    async def _stream(
        self, request: web.Request, tell: Callable[[EventSourceResponse], Awaitable[None]]
    ) -> web.StreamResponse:
        stream = EventSourceResponse()
        await stream.prepare(request)
        self._open.add(stream)
        try:
            async with stream:
                telling = asyncio.ensure_future(tell(stream))
                await stream.wait()
        finally:
            self._open.discard(stream)
            telling.cancel()
            with suppress(asyncio.CancelledError, ConnectionError):
                await telling
        return stream

    async def _let_go(self, _app: web.Application) -> None:
        """End the streams, which would otherwise end with their readers."""
        for stream in list(self._open):
            stream.stop_streaming()

    async def _act(self, request: web.Request) -> web.StreamResponse:
        act = ACT.validate_json(await request.read())
        await act.do(self._seat(act.who))
        return web.json_response({"ok": True})

    async def _options(self, request: web.Request) -> web.StreamResponse:
        asked = Options.model_validate_json(await request.read())
        return web.json_response({"options": await asked.ask(self._seat(asked.who))})

    async def _switch(self, request: web.Request) -> web.StreamResponse:
        turn = Turn.model_validate_json(await request.read())
        await self._switches.turn(turn.name, on=turn.on)
        return web.json_response({"ok": True})

    def _seat(self, who: str) -> Seat:
        slack = self._world.slack
        return Seat(slack=slack, screens=self._screens, person=slack.person(who))

    def _person(self, who: str) -> Person:
        """Whom the address names; a stranger sits down in the first one's place."""
        with suppress(LookupError):
            return self._world.slack.person(who)
        return self._world.slack.people[0]


@web.middleware
async def _careful(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Say what cannot be done as a sentence; take nothing from the pages of others."""
    if request.method == "POST" and request.content_type != "application/json":
        # A form of another site's can send anything but this.
        raise web.HTTPUnsupportedMediaType
    try:
        response = await handler(request)
    except ValidationError as wrong:
        return _refusal(HTTPStatus.BAD_REQUEST, f"That makes no sense here: {wrong}")
    except LookupError as impossible:
        return _refusal(HTTPStatus.CONFLICT, str(impossible))
    if not response.prepared:
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["Cache-Control"] = "no-cache"
    return response


def _refusal(status: HTTPStatus, error: str) -> web.Response:
    return web.json_response({"ok": False, "error": error}, status=status)


def _json(value: Json) -> str:
    return json.dumps(value, separators=(",", ":"), default=str)
