"""The way out, on a real Redis: who is let through, who waits, and how long."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from itertools import count, islice

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from models.errors import OutcomeUnknown, PermanentFailure, RetryLater
from models.infra.outbound_calls import (
    BREAKER_PAUSES_SECONDS,
    BREAKER_THRESHOLD,
    CHANNEL_RATE_LIMIT,
    RATE_LIMITS,
    ExternalService,
    OutboundCalls,
    caller_context,
)
from sandbox.services.database_servers import DatabaseServers, find_free_port
from tests.models.redis_round_trips import count_round_trips
from tests.rules.slack_calls import called_methods

SLACK = ExternalService.SLACK


@pytest.fixture
async def redis_url(servers: DatabaseServers) -> AsyncIterator[str]:
    url = servers.new_redis_url()
    yield url
    async with Redis.from_url(url) as redis:
        await redis.flushdb()


@pytest.fixture
async def outbound_calls(redis_url: str) -> AsyncIterator[OutboundCalls]:
    gate = OutboundCalls(SecretStr(redis_url), interactive=False)
    yield gate
    await gate.close()


@pytest.fixture
async def other_outbound_calls(redis_url: str) -> AsyncIterator[OutboundCalls]:
    """The gate of another worker."""
    gate = OutboundCalls(SecretStr(redis_url), interactive=False)
    yield gate
    await gate.close()


async def fails(gate: OutboundCalls, error: Exception, *, times: int = 1, call: str = "x") -> None:
    for _ in range(times):
        with pytest.raises(type(error)):
            async with gate.call(SLACK, call):
                raise error


async def passes(gate: OutboundCalls, call: str = "x", *, channel: str = "") -> None:
    async with gate.call(SLACK, call, channel=channel):
        pass


async def waits(gate: OutboundCalls, call: str = "x", *, channel: str = "") -> float:
    """Seconds that a call is told to wait; it uses up no attempt."""
    with pytest.raises(RetryLater) as told:
        await passes(gate, call, channel=channel)
    assert not told.value.uses_attempt
    return told.value.retry_after_seconds


async def pause_ends(redis_url: str) -> None:
    """As if the time had passed."""
    async with Redis.from_url(redis_url) as redis:
        assert await redis.delete("gate:slack:open")


async def test_who_fails_again_and_again_is_let_rest_by_all_workers(
    outbound_calls: OutboundCalls, other_outbound_calls: OutboundCalls
) -> None:
    await fails(outbound_calls, OutcomeUnknown("no answer"), times=BREAKER_THRESHOLD - 1)
    await passes(other_outbound_calls)  # one success, and the counting begins anew
    await fails(outbound_calls, OutcomeUnknown("no answer"), times=BREAKER_THRESHOLD - 1)
    await fails(other_outbound_calls, RetryLater("could not be reached"))

    assert 0 < await waits(outbound_calls) <= BREAKER_PAUSES_SECONDS[0]
    assert 0 < await waits(other_outbound_calls, "another call") <= BREAKER_PAUSES_SECONDS[0]
    assert await outbound_calls.breaker_states() == {
        SLACK: True,
        ExternalService.GEMINI: False,
        ExternalService.SMTP: False,
    }


async def test_to_be_let_out_and_to_answer_well_takes_one_round_trip(
    outbound_calls: OutboundCalls, redis_url: str
) -> None:
    channels = map("D{}".format, count())

    async def pass_ten() -> None:
        for channel in islice(channels, 10):
            await passes(outbound_calls, "chat.postMessage", channel=channel)

    await passes(outbound_calls, "chat.postMessage", channel=next(channels))
    async with Redis.from_url(redis_url) as redis:
        assert await count_round_trips(redis, pass_ten) == 10


async def test_one_success_after_failures_is_told_to_all(
    outbound_calls: OutboundCalls, other_outbound_calls: OutboundCalls
) -> None:
    for each in (outbound_calls, other_outbound_calls):
        await fails(each, OutcomeUnknown("no answer"), times=BREAKER_THRESHOLD - 1)
        await passes(other_outbound_calls)

    await fails(outbound_calls, OutcomeUnknown("no answer"), times=BREAKER_THRESHOLD - 1)
    await passes(outbound_calls)


async def test_after_the_pause_one_goes_first_and_the_others_follow_when_it_is_well(
    outbound_calls: OutboundCalls, other_outbound_calls: OutboundCalls, redis_url: str
) -> None:
    await fails(outbound_calls, OutcomeUnknown("no answer"), times=BREAKER_THRESHOLD)
    await pause_ends(redis_url)

    async with outbound_calls.call(SLACK, "x"):
        assert 0 < await waits(other_outbound_calls) <= 1

    await passes(other_outbound_calls)
    await passes(outbound_calls)


async def test_who_fails_still_is_let_rest_for_longer(
    outbound_calls: OutboundCalls, redis_url: str
) -> None:
    await fails(outbound_calls, OutcomeUnknown("no answer"), times=BREAKER_THRESHOLD)
    for pause in (*BREAKER_PAUSES_SECONDS[1:], BREAKER_PAUSES_SECONDS[-1]):
        await pause_ends(redis_url)
        await fails(outbound_calls, OutcomeUnknown("no answer"))
        assert pause - 2 < await waits(outbound_calls) <= pause


async def test_a_refusal_is_an_answer(outbound_calls: OutboundCalls) -> None:
    await fails(outbound_calls, PermanentFailure("invalid_auth"), times=BREAKER_THRESHOLD + 1)
    await passes(outbound_calls)


async def test_who_asks_for_time_gets_it_for_that_call_alone(
    outbound_calls: OutboundCalls, other_outbound_calls: OutboundCalls
) -> None:
    await fails(
        outbound_calls,
        RetryLater("ratelimited", retry_after_seconds=30, uses_attempt=False),
        call="chat.update",
    )

    assert 29 < await waits(other_outbound_calls, "chat.update") <= 30
    await passes(other_outbound_calls, "users.info")


def test_each_method_that_a_worker_may_call_in_bulk_has_a_budget() -> None:
    # Only the bot opens views, asks who it is, and reads the user group.
    bulk = {name for name in called_methods() if name.split(".")[0] in {"chat", "conversations"}}

    assert bulk | {"users.info"} <= RATE_LIMITS.keys()


async def test_a_budget_is_spent_by_all_workers_together(
    outbound_calls: OutboundCalls, other_outbound_calls: OutboundCalls
) -> None:
    let_through = 0
    with suppress(RetryLater):
        while let_through < 100:
            await passes((outbound_calls, other_outbound_calls)[let_through % 2], "chat.update")
            let_through += 1

    # Slack's tier 3 is 50 a minute: what is let through at once and in the minute after it.
    budget = RATE_LIMITS["chat.update"]
    assert let_through + timedelta(minutes=1) / budget.interval <= 40
    assert let_through in (budget.burst, budget.burst + 1)


async def test_who_is_kept_back_has_a_place_in_the_line(
    outbound_calls: OutboundCalls, other_outbound_calls: OutboundCalls
) -> None:
    each = CHANNEL_RATE_LIMIT.interval.total_seconds()
    for _ in range(CHANNEL_RATE_LIMIT.burst):
        await passes(outbound_calls, channel="D1")

    with caller_context("T-1:dm"):
        first = await waits(outbound_calls, channel="D1")
    with caller_context("T-2:dm"):
        second = await waits(other_outbound_calls, channel="D1")
    with caller_context("T-1:dm"):
        again = await waits(other_outbound_calls, channel="D1")

    assert 0 < again <= first <= each < second <= 2 * each
    await passes(outbound_calls, channel="D2")


async def test_whose_turn_it_is_goes_though_others_came_later(
    outbound_calls: OutboundCalls, redis_url: str
) -> None:
    with caller_context("T-1:dm"):
        for _ in range(CHANNEL_RATE_LIMIT.burst + 1):
            with suppress(RetryLater):
                await passes(outbound_calls, channel="D1")
    with caller_context("T-2:dm"):
        await waits(outbound_calls, channel="D1")

    async with Redis.from_url(redis_url) as redis:  # as if the time had passed
        assert await redis.set("gate:place:to:D1:T-1:dm", 1)
        assert await redis.delete("gate:passed:to:D1")
    with caller_context("T-1:dm"):
        await passes(outbound_calls, channel="D1")
    with caller_context("T-2:dm"):
        await waits(outbound_calls, channel="D1")


async def test_those_who_come_late_do_not_come_all_at_once(
    outbound_calls: OutboundCalls, redis_url: str
) -> None:
    late = [f"T-{number}:dm" for number in range(10)]
    for _ in range(CHANNEL_RATE_LIMIT.burst):
        await passes(outbound_calls, channel="D1")
    for who in late:
        with caller_context(who):
            await waits(outbound_calls, channel="D1")

    async with Redis.from_url(redis_url) as redis:  # as if all their moments had come
        for who in late:
            assert await redis.set(f"gate:place:to:D1:{who}", 1)
        assert await redis.delete("gate:passed:to:D1")
    let_through = 0
    for who in late:
        with caller_context(who), suppress(RetryLater):
            await passes(outbound_calls, channel="D1")
            let_through += 1

    assert let_through in (CHANNEL_RATE_LIMIT.burst, CHANNEL_RATE_LIMIT.burst + 1)


async def test_what_people_wait_for_is_never_kept_back(
    outbound_calls: OutboundCalls, redis_url: str
) -> None:
    await fails(outbound_calls, OutcomeUnknown("no answer"), times=BREAKER_THRESHOLD)
    hurried = OutboundCalls(SecretStr(redis_url), interactive=True)

    await passes(hurried, "chat.update")

    await hurried.close()
    await passes(outbound_calls)  # it has worked for them: so it works


async def test_without_redis_calls_are_let_through() -> None:
    gate = OutboundCalls(SecretStr(f"redis://127.0.0.1:{find_free_port()}/0"), interactive=False)

    async with asyncio.timeout(2):
        await fails(gate, OutcomeUnknown("no answer"), times=BREAKER_THRESHOLD + 1)
        await passes(gate)

    assert await gate.breaker_states() == {}
    await gate.close()
