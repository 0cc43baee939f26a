"""Many who want the same at once are served together: what comes meanwhile goes in the next round.

As a database's own group commit does it (https://doi.org/10.1145/971699.318949): alone nobody waits
for others, and in a crowd one round trip serves many.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Batching(Generic[T, R]):
    """Calls with one item each, done together by one function."""

    def __init__(self, work: Callable[[list[T]], Awaitable[list[R]]], *, most: int) -> None:
        """Take what does the work.

        Args:
            work: gives for each item what comes of it, in the same order; what it raises, all get.
            most: so many items go together at most.
        """
        self._work = work
        self._most = most
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._working: asyncio.Task[None] | None = None

    async def __call__(self, item: T) -> R:
        """What comes of this item; raises what the work raises."""
        outcome: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, outcome))
        if self._working is None or self._working.done():
            # In a context of its own: the time limit of who is the first is none of the others'.
            self._working = asyncio.create_task(self._go_on(), context=Context())
        return await outcome

    async def _go_on(self) -> None:
        while self._waiting:
            now, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            try:
                outcomes = await self._work([item for item, _ in now])
            except Exception as error:
                for _, waiting in now:
                    if not waiting.done():
                        waiting.set_exception(error)
                continue
            for (_, waiting), outcome in zip(now, outcomes, strict=True):
                if not waiting.done():
                    waiting.set_result(outcome)
