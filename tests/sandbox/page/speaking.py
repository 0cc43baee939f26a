"""How the page in a browser speaks with its server."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from sandbox.slack.person import Person

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stream:
    """The events that come in, one after the other."""

    response: aiohttp.ClientResponse

    async def next(self) -> Json:
        """The next event's data."""
        async for line in self.response.content:
            if line.startswith(b"data: "):
                data: Json = json.loads(line[len(b"data: ") :])
                return data
        raise EOFError("the stream has ended")

    async def ends(self) -> None:
        """Read what is left, until the server closes the stream."""
        async with asyncio.timeout(10):
            await self.response.content.read()
        assert self.response.content.at_eof()

    async def until(self, fits: Callable[[Json], object]) -> Json:
        """The first that fits."""
        async with asyncio.timeout(10):
            while not fits(told := await self.next()):
                pass
        return told


@dataclass(frozen=True, slots=True)
class Visitor:
    """Somebody before the page."""

    http: aiohttp.ClientSession

    @asynccontextmanager
    async def watches(self, path: str) -> AsyncIterator[Stream]:
        """Hear of every change while the block lasts."""
        async with self.http.get(path) as response:
            assert response.content_type == "text/event-stream"
            yield Stream(response)

    @asynccontextmanager
    async def sits_as(self, person: Person) -> AsyncIterator[Stream]:
        """See a person's screen."""
        async with self.watches(f"/api/live?as={person.id}") as stream:
            yield stream

    async def posts(self, path: str, body: object) -> tuple[int, Json]:
        """The status and the answer."""
        async with self.http.post(path, json=body) as response:
            return response.status, await response.json()

    async def does(self, person: Person, act: str, **more: Any) -> None:
        """Something that works."""
        answer = await self.posts("/api/act", {"as": person.id, "act": act, **more})
        assert answer == (200, {"ok": True})

    async def fails(self, person: Person, act: str, **more: Any) -> str:
        """What is said of something that can't be done."""
        status, answer = await self.posts("/api/act", {"as": person.id, "act": act, **more})
        assert (status, answer["ok"]) == (409, False)
        return str(answer["error"])
