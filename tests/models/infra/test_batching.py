"""Those who come while others are served go together in the next round, and each gets their own."""

import asyncio
from collections.abc import Iterable
from contextvars import ContextVar

import pytest

from models.infra.batching import Batcher, deduplicating_batcher

BROKEN, AWAY = ValueError("not this one"), ConnectionError("nobody there")


class BatchRecorder:
    """Serves rounds, each when it is let; an odd item is an error of its own.

    Attributes:
        rounds: what was asked for together.
        fails: what a round raises.
    """

    def __init__(self) -> None:
        self.rounds: list[list[int]] = []
        self.fails: Exception | None = None
        self.let = asyncio.Semaphore(0)

    async def serve(self, items: list[int]) -> list[str | Exception]:
        self.rounds.append(items)
        await self.let.acquire()
        if self.fails:
            raise self.fails
        return [BROKEN if item % 2 else f"{item} served" for item in items]

    def lets(self, rounds: int) -> None:
        for _ in range(rounds):
            self.let.release()


@pytest.fixture
def recorder() -> BatchRecorder:
    return BatchRecorder()


async def come(batching: Batcher[int, str], items: Iterable[int]) -> list[asyncio.Task[str]]:
    """Those with these items, who come one after the other, and wait."""
    tasks = []
    for item in items:
        tasks.append(asyncio.ensure_future(batching(item)))
        await settled()
    return tasks


async def settled() -> None:
    """Everything has gone on as far as it can."""
    for _ in range(9):
        await asyncio.sleep(0)


async def test_who_comes_alone_waits_for_nobody(recorder: BatchRecorder) -> None:
    batching = Batcher(recorder.serve, max_batch=9)
    recorder.lets(2)

    assert [await batching(item) for item in (2, 4)] == ["2 served", "4 served"]
    assert recorder.rounds == [[2], [4]]


async def test_in_a_crowd_one_round_serves_many(recorder: BatchRecorder) -> None:
    batching = Batcher(recorder.serve, max_batch=3)
    crowd = await come(batching, (2, 4, 6, 8, 10))
    assert (recorder.rounds, len(batching)) == ([[2]], 5)

    recorder.lets(1)
    await settled()
    assert (recorder.rounds, len(batching)) == ([[2], [4, 6, 8]], 4)
    recorder.lets(2)

    assert await asyncio.gather(*crowd) == [f"{item} served" for item in (2, 4, 6, 8, 10)]
    assert recorder.rounds == [[2], [4, 6, 8], [10]]
    assert len(batching) == 0


async def test_so_many_rounds_at_once_as_there_may_be(recorder: BatchRecorder) -> None:
    batching = Batcher(recorder.serve, max_batch=9, max_in_flight=2)
    crowd = await come(batching, (2, 4, 6, 8))
    assert recorder.rounds == [[2], [4]]
    recorder.lets(3)

    await asyncio.gather(*crowd)

    assert recorder.rounds == [[2], [4], [6, 8]]


async def test_an_error_of_one_is_raised_to_that_one_alone(recorder: BatchRecorder) -> None:
    batching = Batcher(recorder.serve, max_batch=9)
    crowd = await come(batching, (2, 3, 4))
    recorder.lets(2)

    assert await asyncio.gather(*crowd, return_exceptions=True) == ["2 served", BROKEN, "4 served"]


async def test_an_error_of_the_round_is_raised_to_all_of_it_and_the_next_is_served(
    recorder: BatchRecorder,
) -> None:
    batching = Batcher(recorder.serve, max_batch=2)
    first, *second = await come(batching, (2, 4, 6))
    recorder.fails = AWAY
    recorder.lets(1)
    with pytest.raises(ConnectionError):
        await first
    recorder.lets(1)
    assert await asyncio.gather(*second, return_exceptions=True) == [AWAY, AWAY]

    recorder.fails = None
    recorder.lets(1)

    assert await batching(8) == "8 served"


async def test_who_is_cancelled_holds_up_nobody(recorder: BatchRecorder) -> None:
    batching = Batcher(recorder.serve, max_batch=9)
    first, second, third = await come(batching, (2, 4, 6))
    first.cancel()
    second.cancel()
    await settled()
    assert len(batching) == 1
    recorder.lets(2)

    assert await third == "6 served"
    assert first.cancelled()
    assert second.cancelled()


async def test_what_holds_for_the_first_holds_for_no_other(recorder: BatchRecorder) -> None:
    whose = ContextVar("whose", default="nobody's")
    seen = []

    async def look(items: list[int]) -> list[str | Exception]:
        seen.append(whose.get())
        return await recorder.serve(items)

    whose.set("the first's")
    recorder.lets(1)
    assert await Batcher(look, max_batch=9)(2) == "2 served"

    assert seen == ["nobody's"]


async def test_what_many_ask_at_once_is_asked_once() -> None:
    asked: list[list[str]] = []
    let = asyncio.Semaphore(0)

    async def ask(questions: list[str]) -> dict[str, str]:
        asked.append(questions)
        await let.acquire()
        return {question: f"{question}, round {len(asked)}" for question in questions if question}

    ask_once = deduplicating_batcher(ask, max_batch=9)
    crowd = []
    for question in ("who", "who", "why", "who", ""):
        crowd.append(asyncio.ensure_future(ask_once(question)))
        await settled()
    let.release()
    let.release()

    # Who came when it was asked already gets what was asked after they came.
    told = ["who, round 1", "who, round 2", "why, round 2", "who, round 2", None]
    assert await asyncio.gather(*crowd) == told
    assert asked == [["who"], ["who", "why", ""]]
