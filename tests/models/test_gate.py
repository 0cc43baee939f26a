"""The way out, on a real Redis: who is let through, who waits, and how long."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from itertools import count, islice

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from models.errors import NotNow, Refused, Unknown
from models.gate import (
    BUDGETS,
    CHANNEL_BUDGET,
    PAUSES_SECONDS,
    THRESHOLD,
    Gate,
    Service,
    calling,
)
from sandbox.servers import Servers, free_port
from tests.models.round_trips import round_trips
from tests.rules.slack_calls import methods_called

SLACK = Service.SLACK


@pytest.fixture
async def redis_url(servers: Servers) -> AsyncIterator[str]:
    url = servers.new_redis_url()
    yield url
    async with Redis.from_url(url) as redis:
        await redis.flushdb()


@pytest.fixture
async def gate(redis_url: str) -> AsyncIterator[Gate]:
    gate = Gate(SecretStr(redis_url), hurried=False)
    yield gate
    await gate.close()


@pytest.fixture
async def other(redis_url: str) -> AsyncIterator[Gate]:
    """The gate of another worker."""
    gate = Gate(SecretStr(redis_url), hurried=False)
    yield gate
    await gate.close()


async def fails(gate: Gate, error: Exception, *, times: int = 1, call: str = "x") -> None:
    for _ in range(times):
        with pytest.raises(type(error)):
            async with gate.out(SLACK, call):
                raise error


async def passes(gate: Gate, call: str = "x", *, channel: str = "") -> None:
    async with gate.out(SLACK, call, channel=channel):
        pass


async def waits(gate: Gate, call: str = "x", *, channel: str = "") -> float:
    """Seconds that a call is told to wait; it uses up no attempt."""
    with pytest.raises(NotNow) as told:
        await passes(gate, call, channel=channel)
    assert not told.value.counts
    return told.value.seconds


async def pause_ends(redis_url: str) -> None:
    """As if the time had passed."""
    async with Redis.from_url(redis_url) as redis:
        assert await redis.delete("gate:slack:open")


async def test_who_fails_again_and_again_is_let_rest_by_all_workers(
    gate: Gate, other: Gate
) -> None:
    await fails(gate, Unknown("no answer"), times=THRESHOLD - 1)
    await passes(other)  # one success, and the counting begins anew
    await fails(gate, Unknown("no answer"), times=THRESHOLD - 1)
    await fails(other, NotNow("could not be reached"))

    assert 0 < await waits(gate) <= PAUSES_SECONDS[0]
    assert 0 < await waits(other, "another call") <= PAUSES_SECONDS[0]
    assert await gate.breakers() == {SLACK: True, Service.GEMINI: False, Service.SMTP: False}


async def test_to_be_let_out_and_to_answer_well_takes_one_round_trip(
    gate: Gate, redis_url: str
) -> None:
    channels = map("D{}".format, count())

    async def pass_ten() -> None:
        for channel in islice(channels, 10):
            await passes(gate, "chat.postMessage", channel=channel)

    await passes(gate, "chat.postMessage", channel=next(channels))
    async with Redis.from_url(redis_url) as redis:
        assert await round_trips(redis, pass_ten) == 10


async def test_one_success_after_failures_is_told_to_all(gate: Gate, other: Gate) -> None:
    for each in (gate, other):
        await fails(each, Unknown("no answer"), times=THRESHOLD - 1)
        await passes(other)

    await fails(gate, Unknown("no answer"), times=THRESHOLD - 1)
    await passes(gate)


async def test_after_the_pause_one_goes_first_and_the_others_follow_when_it_is_well(
    gate: Gate, other: Gate, redis_url: str
) -> None:
    await fails(gate, Unknown("no answer"), times=THRESHOLD)
    await pause_ends(redis_url)

    async with gate.out(SLACK, "x"):
        assert 0 < await waits(other) <= 1

    await passes(other)
    await passes(gate)


async def test_who_fails_still_is_let_rest_for_longer(gate: Gate, redis_url: str) -> None:
    await fails(gate, Unknown("no answer"), times=THRESHOLD)
    for pause in (*PAUSES_SECONDS[1:], PAUSES_SECONDS[-1]):
        await pause_ends(redis_url)
        await fails(gate, Unknown("no answer"))
        assert pause - 2 < await waits(gate) <= pause


async def test_a_refusal_is_an_answer(gate: Gate) -> None:
    await fails(gate, Refused("invalid_auth"), times=THRESHOLD + 1)
    await passes(gate)


async def test_who_asks_for_time_gets_it_for_that_call_alone(gate: Gate, other: Gate) -> None:
    await fails(gate, NotNow("ratelimited", seconds=30, counts=False), call="chat.update")

    assert 29 < await waits(other, "chat.update") <= 30
    await passes(other, "users.info")


def test_each_method_that_a_worker_may_call_in_bulk_has_a_budget() -> None:
    # Only the bot opens views, asks who it is, and reads the user group.
    bulk = {name for name in methods_called() if name.split(".")[0] in {"chat", "conversations"}}

    assert bulk | {"users.info"} <= BUDGETS.keys()


async def test_a_budget_is_spent_by_all_workers_together(gate: Gate, other: Gate) -> None:
    let_through = 0
    with suppress(NotNow):
        while let_through < 100:
            await passes((gate, other)[let_through % 2], "chat.update")
            let_through += 1

    # Slack's tier 3 is 50 a minute: what is let through at once and in the minute after it.
    budget = BUDGETS["chat.update"]
    assert let_through + timedelta(minutes=1) / budget.each <= 40
    assert let_through in (budget.burst, budget.burst + 1)


async def test_who_is_kept_back_has_a_place_in_the_line(gate: Gate, other: Gate) -> None:
    each = CHANNEL_BUDGET.each.total_seconds()
    for _ in range(CHANNEL_BUDGET.burst):
        await passes(gate, channel="D1")

    with calling("T-1:dm"):
        first = await waits(gate, channel="D1")
    with calling("T-2:dm"):
        second = await waits(other, channel="D1")
    with calling("T-1:dm"):
        again = await waits(other, channel="D1")

    assert 0 < again <= first <= each < second <= 2 * each
    await passes(gate, channel="D2")


async def test_whose_turn_it_is_goes_though_others_came_later(gate: Gate, redis_url: str) -> None:
    with calling("T-1:dm"):
        for _ in range(CHANNEL_BUDGET.burst + 1):
            with suppress(NotNow):
                await passes(gate, channel="D1")
    with calling("T-2:dm"):
        await waits(gate, channel="D1")

    async with Redis.from_url(redis_url) as redis:  # as if the time had passed
        assert await redis.set("gate:place:to:D1:T-1:dm", 1)
        assert await redis.delete("gate:passed:to:D1")
    with calling("T-1:dm"):
        await passes(gate, channel="D1")
    with calling("T-2:dm"):
        await waits(gate, channel="D1")


async def test_those_who_come_late_do_not_come_all_at_once(gate: Gate, redis_url: str) -> None:
    late = [f"T-{number}:dm" for number in range(10)]
    for _ in range(CHANNEL_BUDGET.burst):
        await passes(gate, channel="D1")
    for who in late:
        with calling(who):
            await waits(gate, channel="D1")

    async with Redis.from_url(redis_url) as redis:  # as if all their moments had come
        for who in late:
            assert await redis.set(f"gate:place:to:D1:{who}", 1)
        assert await redis.delete("gate:passed:to:D1")
    let_through = 0
    for who in late:
        with calling(who), suppress(NotNow):
            await passes(gate, channel="D1")
            let_through += 1

    assert let_through in (CHANNEL_BUDGET.burst, CHANNEL_BUDGET.burst + 1)


async def test_what_people_wait_for_is_never_kept_back(gate: Gate, redis_url: str) -> None:
    await fails(gate, Unknown("no answer"), times=THRESHOLD)
    hurried = Gate(SecretStr(redis_url), hurried=True)

    await passes(hurried, "chat.update")

    await hurried.close()
    await passes(gate)  # it has worked for them: so it works


async def test_without_redis_calls_are_let_through() -> None:
    gate = Gate(SecretStr(f"redis://127.0.0.1:{free_port()}/0"), hurried=False)

    async with asyncio.timeout(2):
        await fails(gate, Unknown("no answer"), times=THRESHOLD + 1)
        await passes(gate)

    assert await gate.breakers() == {}
    await gate.close()
