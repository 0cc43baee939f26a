"""Many who want the same at once are served together: what comes meanwhile goes in the next round.

As a database's own group commit does it (https://doi.org/10.1145/971699.318949): alone nobody waits
for others, and in a crowd one round trip serves many.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextvars import Context
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Batching(Generic[T, R]):
    """Calls with one item each, done together by one function."""

    def __init__(
        self,
        work: Callable[[list[T]], Awaitable[list[R | Exception]]],
        *,
        most: int,
        at_once: int = 1,
    ) -> None:
        """Take what does the work.

        Args:
            work: gives for each item what comes of it, in the same order: an exception, where that
                is to be raised. What it raises itself is raised for all.
            most: so many items go together at most.
            at_once: so many rounds at most are under way at the same time.
        """
        self._work = work
        self._most = most
        self._waiting: list[tuple[T, asyncio.Future[R]]] = []
        self._at_once = at_once
        self._items = self._rounds = 0
        self._working: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        """How many items are waiting or under way."""
        return self._items

    async def __call__(self, item: T) -> R:
        """What comes of this item; raises what the work raises."""
        outcome: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, outcome))
        self._items += 1
        outcome.add_done_callback(self._ended)
        if self._rounds < self._at_once:
            self._rounds += 1
            # In a context of its own: the time limit of who is the first is none of the others'.
            working = asyncio.create_task(self._go_on(), context=Context())
            self._working.add(working)
            working.add_done_callback(self._working.discard)
        return await outcome

    def _ended(self, _outcome: asyncio.Future[R]) -> None:
        self._items -= 1

    async def _go_on(self) -> None:
        try:
            await self._work_off()
        finally:
            # Not when the task is over: who was served may come again before that is noticed.
            self._rounds -= 1

    async def _work_off(self) -> None:
        while self._waiting:
            now, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
            try:
                outcomes = await self._work([item for item, _ in now])
            except Exception as error:
                outcomes = [error] * len(now)
            for (_, waiting), outcome in zip(now, outcomes, strict=True):
                _end(waiting, outcome)


def each_once(
    ask: Callable[[list[T]], Awaitable[Mapping[T, R]]], *, most: int
) -> Batching[T, R | None]:
    """Questions that are asked together, each of them once, however many ask it.

    Nobody gets an answer to what was asked before they came.

    Args:
        ask: gives the answers by question; to what is left out the answer is None.
        most: so many go together at most.
    """

    async def work(questions: list[T]) -> list[R | Exception | None]:
        answers = await ask(list(dict.fromkeys(questions)))
        return [answers.get(question) for question in questions]

    return Batching(work, most=most)


def _end(waiting: asyncio.Future[R], outcome: R | Exception) -> None:
    if waiting.done():
        return
    if isinstance(outcome, Exception):
        waiting.set_exception(outcome)
    else:
        waiting.set_result(outcome)
