"""An HTTP client that sends the requests of the page."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from sandbox.slack.actors.person import Person

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class EventStream:
    """A stream of server-sent events."""

    response: aiohttp.ClientResponse

    async def next_event(self) -> Json:
        async for line in self.response.content:
            if line.startswith(b"data: "):
                data: Json = json.loads(line[len(b"data: ") :])
                return data
        raise EOFError("the stream has ended")

    async def wait_for_end(self) -> None:
        """Read until the server closes the stream."""
        async with asyncio.timeout(10):
            await self.response.content.read()
        assert self.response.content.at_eof()

    async def wait_for_event(
        self, matches: Callable[[Json], object], *, timeout_seconds: float = 10
    ) -> Json:
        """Return the first event that matches."""
        async with asyncio.timeout(timeout_seconds):
            while not matches(event := await self.next_event()):
                pass
        return event


@dataclass(frozen=True, slots=True)
class PageClient:
    """Sends requests to the page's server."""

    http: aiohttp.ClientSession

    @asynccontextmanager
    async def stream_events(self, path: str) -> AsyncIterator[EventStream]:
        async with self.http.get(path) as response:
            assert response.content_type == "text/event-stream"
            yield EventStream(response)

    @asynccontextmanager
    async def stream_screen(self, person: Person) -> AsyncIterator[EventStream]:
        async with self.stream_events(f"/api/live?as={person.id}") as stream:
            yield stream

    async def post(self, path: str, body: object) -> tuple[int, Json]:
        """Return the status and the JSON answer."""
        async with self.http.post(path, json=body) as response:
            return response.status, await response.json()

    async def act(self, person: Person, action: str, **more: Any) -> None:
        """Send an action that must succeed."""
        answer = await self.post("/api/act", {"as": person.id, "act": action, **more})
        assert answer == (200, {"ok": True})

    async def act_and_fail(self, person: Person, action: str, **more: Any) -> str:
        """Send an action that must fail; returns the error."""
        status, answer = await self.post("/api/act", {"as": person.id, "act": action, **more})
        assert (status, answer["ok"]) == (409, False)
        return str(answer["error"])
