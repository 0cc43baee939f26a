"""Those who come while others are served go together in the next round, and each gets their own."""

import asyncio
from collections.abc import Iterable
from contextvars import ContextVar

import pytest

from models.batching import Batching, each_once

BROKEN, AWAY = ValueError("not this one"), ConnectionError("nobody there")


class Counter:
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
def counter() -> Counter:
    return Counter()


async def come(batching: Batching[int, str], items: Iterable[int]) -> list[asyncio.Task[str]]:
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


async def test_who_comes_alone_waits_for_nobody(counter: Counter) -> None:
    batching = Batching(counter.serve, most=9)
    counter.lets(2)

    assert [await batching(item) for item in (2, 4)] == ["2 served", "4 served"]
    assert counter.rounds == [[2], [4]]


async def test_in_a_crowd_one_round_serves_many(counter: Counter) -> None:
    batching = Batching(counter.serve, most=3)
    crowd = await come(batching, (2, 4, 6, 8, 10))
    assert (counter.rounds, len(batching)) == ([[2]], 5)

    counter.lets(1)
    await settled()
    assert (counter.rounds, len(batching)) == ([[2], [4, 6, 8]], 4)
    counter.lets(2)

    assert await asyncio.gather(*crowd) == [f"{item} served" for item in (2, 4, 6, 8, 10)]
    assert counter.rounds == [[2], [4, 6, 8], [10]]
    assert len(batching) == 0


async def test_so_many_rounds_at_once_as_there_may_be(counter: Counter) -> None:
    batching = Batching(counter.serve, most=9, at_once=2)
    crowd = await come(batching, (2, 4, 6, 8))
    assert counter.rounds == [[2], [4]]
    counter.lets(3)

    await asyncio.gather(*crowd)

    assert counter.rounds == [[2], [4], [6, 8]]


async def test_an_error_of_one_is_raised_to_that_one_alone(counter: Counter) -> None:
    batching = Batching(counter.serve, most=9)
    crowd = await come(batching, (2, 3, 4))
    counter.lets(2)

    assert await asyncio.gather(*crowd, return_exceptions=True) == ["2 served", BROKEN, "4 served"]


async def test_an_error_of_the_round_is_raised_to_all_of_it_and_the_next_is_served(
    counter: Counter,
) -> None:
    batching = Batching(counter.serve, most=2)
    first, *second = await come(batching, (2, 4, 6))
    counter.fails = AWAY
    counter.lets(1)
    with pytest.raises(ConnectionError):
        await first
    counter.lets(1)
    assert await asyncio.gather(*second, return_exceptions=True) == [AWAY, AWAY]

    counter.fails = None
    counter.lets(1)

    assert await batching(8) == "8 served"


async def test_who_is_cancelled_holds_up_nobody(counter: Counter) -> None:
    batching = Batching(counter.serve, most=9)
    first, second, third = await come(batching, (2, 4, 6))
    first.cancel()
    second.cancel()
    await settled()
    assert len(batching) == 1
    counter.lets(2)

    assert await third == "6 served"
    assert first.cancelled()
    assert second.cancelled()


async def test_what_holds_for_the_first_holds_for_no_other(counter: Counter) -> None:
    whose = ContextVar("whose", default="nobody's")
    seen = []

    async def look(items: list[int]) -> list[str | Exception]:
        seen.append(whose.get())
        return await counter.serve(items)

    whose.set("the first's")
    counter.lets(1)
    assert await Batching(look, most=9)(2) == "2 served"

    assert seen == ["nobody's"]


async def test_what_many_ask_at_once_is_asked_once() -> None:
    asked: list[list[str]] = []
    let = asyncio.Semaphore(0)

    async def ask(questions: list[str]) -> dict[str, str]:
        asked.append(questions)
        await let.acquire()
        return {question: f"{question}, round {len(asked)}" for question in questions if question}

    ask_once = each_once(ask, most=9)
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
