"""Calls that arrive while a batch runs go into the next batch, and each gets its own outcome."""

import asyncio
from collections.abc import Iterable
from contextvars import ContextVar

import pytest

from models.infra.batching import Batcher, deduplicating_batcher

ITEM_ERROR, BATCH_ERROR = ValueError("odd item"), ConnectionError("database is down")


class BatchRecorder:
    """Records batches and lets each finish when a test says so; odd items fail.

    Attributes:
        batches: the items of each batch.
        error: the error that all batches raise, if any.
    """

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.error: Exception | None = None
        self.may_finish = asyncio.Semaphore(0)

    async def process(self, items: list[int]) -> list[str | Exception]:
        self.batches.append(items)
        await self.may_finish.acquire()
        if self.error:
            raise self.error
        return [ITEM_ERROR if item % 2 else f"{item} done" for item in items]

    def finish(self, count: int) -> None:
        """Let so many batches finish."""
        for _ in range(count):
            self.may_finish.release()


@pytest.fixture
def recorder() -> BatchRecorder:
    return BatchRecorder()


async def start_calls(batcher: Batcher[int, str], items: Iterable[int]) -> list[asyncio.Task[str]]:
    """Start a call for each item, one after the other."""
    tasks = []
    for item in items:
        tasks.append(asyncio.ensure_future(batcher(item)))
        await run_ready_tasks()
    return tasks


async def run_ready_tasks() -> None:
    """Let all tasks run until they wait."""
    for _ in range(9):
        await asyncio.sleep(0)


async def test_single_call_does_not_wait(recorder: BatchRecorder) -> None:
    batcher = Batcher(recorder.process, max_batch=9)
    recorder.finish(2)

    assert [await batcher(item) for item in (2, 4)] == ["2 done", "4 done"]
    assert recorder.batches == [[2], [4]]


async def test_concurrent_calls_share_a_batch(recorder: BatchRecorder) -> None:
    batcher = Batcher(recorder.process, max_batch=3)
    calls = await start_calls(batcher, (2, 4, 6, 8, 10))
    assert (recorder.batches, len(batcher)) == ([[2]], 5)

    recorder.finish(1)
    await run_ready_tasks()
    assert (recorder.batches, len(batcher)) == ([[2], [4, 6, 8]], 4)
    recorder.finish(2)

    assert await asyncio.gather(*calls) == [f"{item} done" for item in (2, 4, 6, 8, 10)]
    assert recorder.batches == [[2], [4, 6, 8], [10]]
    assert len(batcher) == 0


async def test_max_in_flight_limits_concurrent_batches(recorder: BatchRecorder) -> None:
    batcher = Batcher(recorder.process, max_batch=9, max_in_flight=2)
    calls = await start_calls(batcher, (2, 4, 6, 8))
    assert recorder.batches == [[2], [4]]
    recorder.finish(3)

    await asyncio.gather(*calls)

    assert recorder.batches == [[2], [4], [6, 8]]


async def test_error_of_an_item_is_raised_only_by_its_call(recorder: BatchRecorder) -> None:
    batcher = Batcher(recorder.process, max_batch=9)
    calls = await start_calls(batcher, (2, 3, 4))
    recorder.finish(2)

    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    assert outcomes == ["2 done", ITEM_ERROR, "4 done"]


async def test_error_of_a_batch_is_raised_by_all_its_calls_and_the_next_runs(
    recorder: BatchRecorder,
) -> None:
    batcher = Batcher(recorder.process, max_batch=2)
    first, *second = await start_calls(batcher, (2, 4, 6))
    recorder.error = BATCH_ERROR
    recorder.finish(1)
    with pytest.raises(ConnectionError):
        await first
    recorder.finish(1)
    assert await asyncio.gather(*second, return_exceptions=True) == [BATCH_ERROR, BATCH_ERROR]

    recorder.error = None
    recorder.finish(1)

    assert await batcher(8) == "8 done"


async def test_cancelled_calls_do_not_delay_others(recorder: BatchRecorder) -> None:
    batcher = Batcher(recorder.process, max_batch=9)
    first, second, third = await start_calls(batcher, (2, 4, 6))
    first.cancel()
    second.cancel()
    await run_ready_tasks()
    assert len(batcher) == 1
    recorder.finish(2)

    assert await third == "6 done"
    assert first.cancelled()
    assert second.cancelled()


async def test_batch_does_not_run_in_the_context_of_a_caller(recorder: BatchRecorder) -> None:
    variable = ContextVar("variable", default="default")
    values = []

    async def record_context(items: list[int]) -> list[str | Exception]:
        values.append(variable.get())
        return await recorder.process(items)

    variable.set("caller's value")
    recorder.finish(1)
    assert await Batcher(record_context, max_batch=9)(2) == "2 done"

    assert values == ["default"]


async def test_equal_keys_of_a_batch_are_fetched_once() -> None:
    batches: list[list[str]] = []
    may_finish = asyncio.Semaphore(0)

    async def fetch_all(keys: list[str]) -> dict[str, str]:
        batches.append(keys)
        await may_finish.acquire()
        return {key: f"{key}, batch {len(batches)}" for key in keys if key}

    batcher = deduplicating_batcher(fetch_all, max_batch=9)
    calls = []
    for key in ("a", "a", "b", "a", ""):
        calls.append(asyncio.ensure_future(batcher(key)))
        await run_ready_tasks()
    may_finish.release()
    may_finish.release()

    # The second call began during the first fetch, so it gets the result of the next one.
    expected = ["a, batch 1", "a, batch 2", "b, batch 2", "a, batch 2", None]
    assert await asyncio.gather(*calls) == expected
    assert batches == [["a"], ["a", "b", ""]]
