"""How the page in a browser speaks with its server."""

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
    """The events that come in, one after the other."""

    response: aiohttp.ClientResponse

    async def next_event(self) -> Json:
        """The next event's data."""
        async for line in self.response.content:
            if line.startswith(b"data: "):
                data: Json = json.loads(line[len(b"data: ") :])
                return data
        raise EOFError("the stream has ended")

    async def wait_for_end(self) -> None:
        """Read what is left, until the server closes the stream."""
        async with asyncio.timeout(10):
            await self.response.content.read()
        assert self.response.content.at_eof()

    async def wait_for_event(self, matches: Callable[[Json], object]) -> Json:
        """The first that fits."""
        async with asyncio.timeout(10):
            while not matches(told := await self.next_event()):
                pass
        return told


@dataclass(frozen=True, slots=True)
class PageClient:
    """Somebody before the page."""

    http: aiohttp.ClientSession

    @asynccontextmanager
    async def stream_events(self, path: str) -> AsyncIterator[EventStream]:
        """Hear of every change while the block lasts."""
        async with self.http.get(path) as response:
            assert response.content_type == "text/event-stream"
            yield EventStream(response)

    @asynccontextmanager
    async def stream_screen(self, person: Person) -> AsyncIterator[EventStream]:
        """See a person's screen."""
        async with self.stream_events(f"/api/live?as={person.id}") as stream:
            yield stream

    async def post(self, path: str, body: object) -> tuple[int, Json]:
        """The status and the answer."""
        async with self.http.post(path, json=body) as response:
            return response.status, await response.json()

    async def act(self, person: Person, action: str, **more: Any) -> None:
        """Something that works."""
        answer = await self.post("/api/act", {"as": person.id, "act": action, **more})
        assert answer == (200, {"ok": True})

    async def act_and_fail(self, person: Person, action: str, **more: Any) -> str:
        """What is said of something that can't be done."""
        status, answer = await self.post("/api/act", {"as": person.id, "act": action, **more})
        assert (status, answer["ok"]) == (409, False)
        return str(answer["error"])
