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


class Batcher(Generic[T, R]):
    """Calls with one item each, done together by one function."""

    def __init__(
        self,
        process_batch: Callable[[list[T]], Awaitable[list[R | Exception]]],
        *,
        max_batch: int,
        max_in_flight: int = 1,
    ) -> None:
        """Take what does the work.

        Args:
            work: gives for each item what comes of it, in the same order: an exception, where that
                is to be raised. What it raises itself is raised for all.
            most: so many items go together at most.
            at_once: so many rounds at most are under way at the same time.
        """
        self._process_batch = process_batch
        self._max_batch = max_batch
        self._queue: list[tuple[T, asyncio.Future[R]]] = []
        self._max_in_flight = max_in_flight
        self._item_count = self._in_flight = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        """How many items are waiting or under way."""
        return self._item_count

    async def __call__(self, item: T) -> R:
        """What comes of this item; raises what the work raises."""
        outcome: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._queue.append((item, outcome))
        self._item_count += 1
        outcome.add_done_callback(self._uncount_item)
        if self._in_flight < self._max_in_flight:
            self._in_flight += 1
            # In a context of its own: the time limit of who is the first is none of the others'.
            working = asyncio.create_task(self._run(), context=Context())
            self._tasks.add(working)
            working.add_done_callback(self._tasks.discard)
        return await outcome

    def _uncount_item(self, _outcome: asyncio.Future[R]) -> None:
        self._item_count -= 1

    async def _run(self) -> None:
        try:
            await self._process_queue()
        finally:
            # Not when the task is over: who was served may come again before that is noticed.
            self._in_flight -= 1

    async def _process_queue(self) -> None:
        while self._queue:
            now, self._queue = self._queue[: self._max_batch], self._queue[self._max_batch :]
            try:
                outcomes = await self._process_batch([item for item, _ in now])
            except Exception as error:
                outcomes = [error] * len(now)
            for (_, waiting), outcome in zip(now, outcomes, strict=True):
                _resolve_future(waiting, outcome)


def deduplicating_batcher(
    fetch_all: Callable[[list[T]], Awaitable[Mapping[T, R]]], *, max_batch: int
) -> Batcher[T, R | None]:
    """Questions that are asked together, each of them once, however many ask it.

    Nobody gets an answer to what was asked before they came.

    Args:
        ask: gives the answers by question; to what is left out the answer is None.
        most: so many go together at most.
    """

    async def work(questions: list[T]) -> list[R | Exception | None]:
        answers = await fetch_all(list(dict.fromkeys(questions)))
        return [answers.get(question) for question in questions]

    return Batcher(work, max_batch=max_batch)


def _resolve_future(future: asyncio.Future[R], outcome: R | Exception) -> None:
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
