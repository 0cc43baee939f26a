"""Batches concurrent calls: calls that arrive while a batch runs go into the next one.

Databases call this group commit (https://doi.org/10.1145/971699.318949). A single call does not
wait for others, and many concurrent calls share one round trip.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextvars import Context
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class Batcher(Generic[T, R]):
    """Collects calls with one item each, and passes the items to one function in batches."""

    def __init__(
        self,
        process_batch: Callable[[list[T]], Awaitable[list[R | Exception]]],
        *,
        max_batch: int,
        max_in_flight: int = 1,
    ) -> None:
        """Start without any task; nothing runs before the first call.

        Args:
            process_batch: returns one outcome for each item, in the same order. The call with this
                item raises an outcome that is an exception. If the function raises, all calls of
                the batch raise the same exception.
            max_batch: the largest number of items in a batch.
            max_in_flight: the largest number of batches that run at the same time.
        """
        self._process_batch = process_batch
        self._max_batch = max_batch
        self._queue: list[tuple[T, asyncio.Future[R]]] = []
        self._max_in_flight = max_in_flight
        self._item_count = self._in_flight = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def __len__(self) -> int:
        """The number of items that wait or are being processed."""
        return self._item_count

    async def __call__(self, item: T) -> R:
        """The outcome of this item; raises the item's exception."""
        outcome: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._queue.append((item, outcome))
        self._item_count += 1
        outcome.add_done_callback(self._uncount_item)
        if self._in_flight < self._max_in_flight:
            self._in_flight += 1
            # In an empty context: the first caller's deadline must not apply to the other callers.
            task = asyncio.create_task(self._run(), context=Context())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await outcome

    def _uncount_item(self, _outcome: asyncio.Future[R]) -> None:
        self._item_count -= 1

    async def _run(self) -> None:
        try:
            await self._process_queue()
        finally:
            # Not in a done-callback: a caller may submit again before it runs.
            self._in_flight -= 1

    async def _process_queue(self) -> None:
        while self._queue:
            batch, self._queue = self._queue[: self._max_batch], self._queue[self._max_batch :]
            try:
                outcomes = await self._process_batch([item for item, _ in batch])
            except Exception as error:
                outcomes = [error] * len(batch)
            for (_, future), outcome in zip(batch, outcomes, strict=True):
                _resolve_future(future, outcome)


def deduplicating_batcher(
    fetch_all: Callable[[list[T]], Awaitable[Mapping[T, R]]], *, max_batch: int
) -> Batcher[T, R | None]:
    """A batcher for reads that fetches equal keys of a batch only once.

    A call never shares a fetch that began before it: its answer is at least as new as the call.

    Args:
        fetch_all: returns the values by key; the outcome of a missing key is None.
        max_batch: the largest number of calls in a batch.
    """

    async def process_batch(keys: list[T]) -> list[R | Exception | None]:
        values = await fetch_all(list(dict.fromkeys(keys)))
        return [values.get(key) for key in keys]

    return Batcher(process_batch, max_batch=max_batch)


def _resolve_future(future: asyncio.Future[R], outcome: R | Exception) -> None:
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
