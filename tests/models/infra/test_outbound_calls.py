"""Rate limits and circuit breakers on a real Redis: which calls wait, and how long."""

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
    """The calls of one worker."""
    calls = OutboundCalls(SecretStr(redis_url), interactive=False)
    yield calls
    await calls.close()


@pytest.fixture
async def other_outbound_calls(redis_url: str) -> AsyncIterator[OutboundCalls]:
    """The calls of another worker."""
    calls = OutboundCalls(SecretStr(redis_url), interactive=False)
    yield calls
    await calls.close()


async def make_failing_calls(
    calls: OutboundCalls, error: Exception, *, count: int = 1, operation: str = "x"
) -> None:
    for _ in range(count):
        with pytest.raises(type(error)):
            async with calls.call(SLACK, operation):
                raise error


async def make_call(calls: OutboundCalls, operation: str = "x", *, channel: str = "") -> None:
    async with calls.call(SLACK, operation, channel=channel):
        pass


async def wait_of_call(calls: OutboundCalls, operation: str = "x", *, channel: str = "") -> float:
    """The seconds that a call has to wait; it must be held back without using an attempt."""
    with pytest.raises(RetryLater) as caught:
        await make_call(calls, operation, channel=channel)
    assert not caught.value.uses_attempt
    return caught.value.retry_after_seconds


async def end_pause(redis_url: str) -> None:
    async with Redis.from_url(redis_url) as redis:
        assert await redis.delete("gate:slack:open")


async def test_breaker_opens_for_all_workers_after_repeated_failures(
    outbound_calls: OutboundCalls, other_outbound_calls: OutboundCalls
) -> None:
    failure, count = OutcomeUnknown("no answer"), BREAKER_THRESHOLD - 1
    await make_failing_calls(outbound_calls, failure, count=count)
    await make_call(other_outbound_calls)  # a success resets the count
    await make_failing_calls(outbound_calls, failure, count=count)
    await make_failing_calls(other_outbound_calls, RetryLater("could not be reached"))

    assert 0 < await wait_of_call(outbound_calls) <= BREAKER_PAUSES_SECONDS[0]
    assert 0 < await wait_of_call(other_outbound_calls, "another call") <= BREAKER_PAUSES_SECONDS[0]
    assert await outbound_calls.breaker_states() == {
        SLACK: True,
        ExternalService.GEMINI: False,
        ExternalService.SMTP: False,
    }


async def test_successful_call_takes_one_round_trip_to_redis(
    outbound_calls: OutboundCalls, redis_url: str
) -> None:
    channels = map("D{}".format, count())

    async def make_ten_calls() -> None:
        for channel in islice(channels, 10):
            await make_call(outbound_calls, "chat.postMessage", channel=channel)

    await make_call(outbound_calls, "chat.postMessage", channel=next(channels))
    async with Redis.from_url(redis_url) as redis:
        assert await count_round_trips(redis, make_ten_calls) == 10


async def test_success_resets_the_failures_of_all_workers(
    outbound_calls: OutboundCalls, other_outbound_calls: OutboundCalls
) -> None:
    for calls in (outbound_calls, other_outbound_calls):
        await make_failing_calls(calls, OutcomeUnknown("no answer"), count=BREAKER_THRESHOLD - 1)
        await make_call(other_outbound_calls)

    await make_failing_calls(
        outbound_calls, OutcomeUnknown("no answer"), count=BREAKER_THRESHOLD - 1
    )
    await make_call(outbound_calls)


async def test_one_call_probes_after_the_pause_and_its_success_admits_others(
    outbound_calls: OutboundCalls, other_outbound_calls: OutboundCalls, redis_url: str
) -> None:
    await make_failing_calls(outbound_calls, OutcomeUnknown("no answer"), count=BREAKER_THRESHOLD)
    await end_pause(redis_url)

    async with outbound_calls.call(SLACK, "x"):
        assert 0 < await wait_of_call(other_outbound_calls) <= 1

    await make_call(other_outbound_calls)
    await make_call(outbound_calls)


async def test_each_failed_probe_makes_the_pause_longer(
    outbound_calls: OutboundCalls, redis_url: str
) -> None:
    await make_failing_calls(outbound_calls, OutcomeUnknown("no answer"), count=BREAKER_THRESHOLD)
    for pause in (*BREAKER_PAUSES_SECONDS[1:], BREAKER_PAUSES_SECONDS[-1]):
        await end_pause(redis_url)
        await make_failing_calls(outbound_calls, OutcomeUnknown("no answer"))
        assert pause - 2 < await wait_of_call(outbound_calls) <= pause


async def test_permanent_failure_counts_as_success(outbound_calls: OutboundCalls) -> None:
    await make_failing_calls(
        outbound_calls, PermanentFailure("invalid_auth"), count=BREAKER_THRESHOLD + 1
    )
    await make_call(outbound_calls)


async def test_retry_after_holds_back_only_the_same_operation(
    outbound_calls: OutboundCalls, other_outbound_calls: OutboundCalls
) -> None:
    await make_failing_calls(
        outbound_calls,
        RetryLater("ratelimited", retry_after_seconds=30, uses_attempt=False),
        operation="chat.update",
    )

    assert 29 < await wait_of_call(other_outbound_calls, "chat.update") <= 30
    await make_call(other_outbound_calls, "users.info")


def test_each_bulk_method_of_workers_has_a_rate_limit() -> None:
    # Only the bot opens views; auth.test and the user groups are called rarely.
    bulk = {name for name in called_methods() if name.split(".")[0] in {"chat", "conversations"}}

    assert bulk | {"users.info"} <= RATE_LIMITS.keys()


async def test_workers_share_a_rate_limit(
    outbound_calls: OutboundCalls, other_outbound_calls: OutboundCalls
) -> None:
    admitted = 0
    with suppress(RetryLater):
        while admitted < 100:
            await make_call((outbound_calls, other_outbound_calls)[admitted % 2], "chat.update")
            admitted += 1

    # Slack's tier 3 allows 50 calls a minute; a burst and the minute after it stay below.
    rate_limit = RATE_LIMITS["chat.update"]
    assert admitted + timedelta(minutes=1) / rate_limit.interval <= 40
    assert admitted in (rate_limit.burst, rate_limit.burst + 1)


async def test_held_back_call_keeps_its_slot(
    outbound_calls: OutboundCalls, other_outbound_calls: OutboundCalls
) -> None:
    interval = CHANNEL_RATE_LIMIT.interval.total_seconds()
    for _ in range(CHANNEL_RATE_LIMIT.burst):
        await make_call(outbound_calls, channel="D1")

    with caller_context("T-1:dm"):
        first = await wait_of_call(outbound_calls, channel="D1")
    with caller_context("T-2:dm"):
        second = await wait_of_call(other_outbound_calls, channel="D1")
    with caller_context("T-1:dm"):
        first_again = await wait_of_call(other_outbound_calls, channel="D1")

    assert 0 < first_again <= first <= interval < second <= 2 * interval
    await make_call(outbound_calls, channel="D2")


async def test_call_is_admitted_in_its_slot_before_later_calls(
    outbound_calls: OutboundCalls, redis_url: str
) -> None:
    with caller_context("T-1:dm"):
        for _ in range(CHANNEL_RATE_LIMIT.burst + 1):
            with suppress(RetryLater):
                await make_call(outbound_calls, channel="D1")
    with caller_context("T-2:dm"):
        await wait_of_call(outbound_calls, channel="D1")

    async with Redis.from_url(redis_url) as redis:  # its slot is now
        assert await redis.set("gate:place:to:D1:T-1:dm", 1)
        assert await redis.delete("gate:passed:to:D1")
    with caller_context("T-1:dm"):
        await make_call(outbound_calls, channel="D1")
    with caller_context("T-2:dm"):
        await wait_of_call(outbound_calls, channel="D1")


async def test_late_calls_are_not_admitted_all_at_once(
    outbound_calls: OutboundCalls, redis_url: str
) -> None:
    callers = [f"T-{number}:dm" for number in range(10)]
    for _ in range(CHANNEL_RATE_LIMIT.burst):
        await make_call(outbound_calls, channel="D1")
    for caller in callers:
        with caller_context(caller):
            await wait_of_call(outbound_calls, channel="D1")

    async with Redis.from_url(redis_url) as redis:  # all their slots are in the past
        for caller in callers:
            assert await redis.set(f"gate:place:to:D1:{caller}", 1)
        assert await redis.delete("gate:passed:to:D1")
    admitted = 0
    for caller in callers:
        with caller_context(caller), suppress(RetryLater):
            await make_call(outbound_calls, channel="D1")
            admitted += 1

    assert admitted in (CHANNEL_RATE_LIMIT.burst, CHANNEL_RATE_LIMIT.burst + 1)


async def test_interactive_calls_are_never_held_back(
    outbound_calls: OutboundCalls, redis_url: str
) -> None:
    await make_failing_calls(outbound_calls, OutcomeUnknown("no answer"), count=BREAKER_THRESHOLD)
    interactive = OutboundCalls(SecretStr(redis_url), interactive=True)

    await make_call(interactive, "chat.update")

    await interactive.close()
    await make_call(outbound_calls)  # the success of the interactive call closed the breaker


async def test_calls_are_admitted_while_redis_is_down() -> None:
    redis_url = SecretStr(f"redis://127.0.0.1:{find_free_port()}/0")
    calls = OutboundCalls(redis_url, interactive=False)

    async with asyncio.timeout(2):
        await make_failing_calls(calls, OutcomeUnknown("no answer"), count=BREAKER_THRESHOLD + 1)
        await make_call(calls)

    assert await calls.breaker_states() == {}
    await calls.close()
