"""Rate limits and circuit breakers for calls to Slack, Gemini, the mail server and webhooks.

All processes share them through Redis. A call is held back in three cases, and none of them uses
up an attempt: the service asked for a pause, its circuit breaker is open, or the rate limit is
reached.

A call that the rate limit holds back reserves a slot; when it returns at that time, it is admitted.
All times come from Redis, so machines with different clocks agree. While Redis is down, all calls
are admitted: without Redis there is hardly any work, and the services have limits of their own.
"""

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import uuid4

from pydantic import SecretStr
from redis.asyncio import Redis
from redis.exceptions import RedisError

from models.errors import ExternalServiceError, PermanentFailure, RetryLater
from models.infra.api_rate_limit import ApiRateLimit
from models.infra.drawn_messages import DrawnMessages
from models.infra.metrics import EXTERNAL_CALL_SECONDS
from models.infra.token_budget import TokenBudget

REDIS_TIMEOUT_SECONDS = 0.3
# The breaker opens after so many failures in a row.
BREAKER_THRESHOLD = 5
# The pauses of an open breaker; the last one repeats. After each pause one call probes the service.
BREAKER_PAUSES_SECONDS = (5, 15, 30)
_PROBE_SECONDS = 20
_FAILURE_WINDOW_SECONDS = 600
_SUCCESS_REPORT_SECONDS = 1
_REDIS_ERRORS = (RedisError, OSError, TimeoutError)
log = logging.getLogger(__name__)


class ExternalService(StrEnum):
    """A service that Frontdesk calls."""

    SLACK = "slack"
    GEMINI = "gemini"
    SMTP = "smtp"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True)
class RateLimit:
    """The rate limit of a call: one per interval, after a burst of unused calls."""

    interval: timedelta
    burst: int


# A burst plus the calls of a minute stay below Slack's tiers. So interactive calls, which these
# limits do not hold back, always find room: https://docs.slack.dev/apis/web-api/rate-limits
RATE_LIMITS = {
    "chat.postMessage": RateLimit(interval=timedelta(seconds=0.15), burst=40),
    "chat.update": RateLimit(interval=timedelta(seconds=2.4), burst=15),
    "chat.delete": RateLimit(interval=timedelta(seconds=2.4), burst=15),
    "conversations.history": RateLimit(interval=timedelta(seconds=2), burst=15),
    "conversations.open": RateLimit(interval=timedelta(seconds=2), burst=15),
    "users.info": RateLimit(interval=timedelta(seconds=1), burst=20),
    # Mailtrap refuses more than a few e-mails a second, with a code for a permanent failure.
    "send": RateLimit(interval=timedelta(seconds=1), burst=3),
}
# "One message per second per channel", with short bursts.
CHANNEL_RATE_LIMIT = RateLimit(interval=timedelta(seconds=1), burst=3)
# Decides whether a call is admitted. Returns the milliseconds to wait (0 if it is admitted), and
# the number of failures of the service.
# 1. The call waits while the breaker is open or the service has asked for a pause.
# 2. For each rate limit it reserves the next free slot, unless it has one. A call whose slot has
#    come is admitted if there is room; otherwise it reserves another slot. There is no room if
#    other calls returned late: admitting all of them at once would exceed the limit.
# 3. After too many failures only one call is admitted, to probe the service.
_ADMIT_SCRIPT = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function number_at(key) return tonumber(redis.call('GET', key)) or 0 end
local failures = number_at(KEYS[3])
local pause = math.max(redis.call('PTTL', KEYS[1]), redis.call('PTTL', KEYS[2]))
if pause > 0 then return {pause, failures} end
local reserved_ms, wait, free_at, limits = tonumber(ARGV[1]), 0, {}, (#KEYS - 4) / 3
for i = 1, limits do
  local next_slot, my_slot, passed = KEYS[3 * i + 2], KEYS[3 * i + 3], KEYS[3 * i + 4]
  local interval, burst = tonumber(ARGV[2 * i + 2]), tonumber(ARGV[2 * i + 3])
  free_at[i] = math.max(number_at(passed), now - (burst - 1) * interval)
  local slot = number_at(my_slot)
  if slot == 0 or (slot <= now and free_at[i] > now) then
    slot = math.max(number_at(next_slot), free_at[i])
    local expiry = math.max(slot - now, 0) + burst * interval
    redis.call('SET', next_slot, slot + interval, 'PX', expiry)
  end
  redis.call('SET', my_slot, slot, 'PX', math.max(slot - now, 0) + reserved_ms)
  wait = math.max(wait, slot - now)
end
if wait > 0 then return {wait, failures} end
for i = 1, limits do
  local interval, burst = tonumber(ARGV[2 * i + 2]), tonumber(ARGV[2 * i + 3])
  redis.call('SET', KEYS[3 * i + 4], free_at[i] + interval, 'PX', burst * interval)
  redis.call('DEL', KEYS[3 * i + 3])
end
if failures >= tonumber(ARGV[2]) and not redis.call('SET', KEYS[4], 1, 'NX', 'EX', ARGV[3]) then
  return {1000, failures}
end
return {0, failures}
"""
# A reserved slot is kept so long after its time, for a call that returns late.
_RESERVATION_MILLISECONDS = 60_000
_caller: ContextVar[str] = ContextVar("caller", default="")


@contextmanager
def caller_context(caller: str) -> Iterator[None]:
    """Make the calls inside this block for this caller, so that they find its reserved slots.

    Args:
        caller: a step of a ticket; the same in each attempt.
    """
    token = _caller.set(caller)
    try:
        yield
    finally:
        _caller.reset(token)


class OutboundCalls:
    """Admits calls to external services, and records how they end.

    Attributes:
        token_budget: the AI tokens of each workspace.
        api_rate_limit: the calls of each API token.
        drawn_messages: the content of messages in Slack that were just drawn.
    """

    def __init__(self, redis_url: SecretStr, *, interactive: bool) -> None:
        """Create a client; nothing is connected yet.

        Args:
            redis_url: the address of Redis.
            interactive: people wait for these calls, so they are never held back.
        """
        self._interactive = interactive
        self._redis: Redis = Redis.from_url(
            redis_url.get_secret_value(),
            socket_timeout=REDIS_TIMEOUT_SECONDS,
            socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
        )
        self.token_budget = TokenBudget(self._redis)
        self.api_rate_limit = ApiRateLimit(self._redis)
        self.drawn_messages = DrawnMessages(self._redis)
        self._admit_script = self._redis.register_script(_ADMIT_SCRIPT)
        # Services this process has seen fail since their last success.
        self._failing: set[str] = set()
        self._success_reported_at: dict[str, float] = {}

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    @asynccontextmanager
    async def call(
        self, service: ExternalService, operation: str, *, channel: str = "", breaker_key: str = ""
    ) -> AsyncIterator[None]:
        """Admit one call, which is made inside this block, and record its outcome.

        Args:
            service: the service that is called.
            operation: the name of the call, also in `RATE_LIMITS`.
            channel: the conversation that a message goes to.
            breaker_key: names a separate breaker within the service, for example one webhook.

        Raises:
            RetryLater: the call is held back; this uses up no attempt.
            ExternalServiceError: the call itself failed.
        """
        name = f"{service}:{breaker_key}" if breaker_key else service.value
        if not self._interactive:
            await self._check_admission(name, operation, channel)
        started_at, outcome = time.monotonic(), "ok"
        try:
            yield
        except ExternalServiceError as error:
            outcome = error.metric_label
            await self._record_outcome(name, operation, error)
            raise
        else:
            await self._record_outcome(name, operation, None)
        finally:
            seconds = time.monotonic() - started_at
            EXTERNAL_CALL_SECONDS.labels(service, operation, outcome).observe(seconds)

    async def breaker_states(self) -> dict[ExternalService, bool]:
        """Whether the breaker of each service is open; empty while Redis is down."""
        # Each webhook has a breaker of its own.
        shared = [service for service in ExternalService if service is not ExternalService.WEBHOOK]
        keys = [f"gate:{service}:open" for service in shared]
        try:
            values = await self._redis.mget(keys)
        except _REDIS_ERRORS:
            return {}
        return {service: value is not None for service, value in zip(shared, values, strict=True)}

    async def _check_admission(self, service: str, operation: str, channel: str) -> None:
        rate_limits = {f"to:{channel}": CHANNEL_RATE_LIMIT} if channel else {}
        rate_limits |= {operation: RATE_LIMITS[operation]} if operation in RATE_LIMITS else {}
        caller = _caller.get() or uuid4()
        failures, opened, probing = _breaker_keys(service)
        keys = [opened, _block_key(service, operation), failures, probing]
        numbers = [_RESERVATION_MILLISECONDS, BREAKER_THRESHOLD, _PROBE_SECONDS]
        for name, rate_limit in rate_limits.items():
            keys += [f"gate:line:{name}", f"gate:place:{name}:{caller}", f"gate:passed:{name}"]
            numbers += [int(rate_limit.interval.total_seconds() * 1000), rate_limit.burst]
        try:
            async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
                wait_milliseconds, failure_count = await self._admit_script(keys, numbers)
        except _REDIS_ERRORS as error:
            log.warning("Redis does not answer, so a %s call is admitted: %r", service, error)
            return
        if failure_count:
            self._failing.add(service)
        if wait_milliseconds:
            raise RetryLater(
                f"{operation}: calls to {service} are paused",
                retry_after_seconds=int(wait_milliseconds) / 1000,
                uses_attempt=False,
            )

    async def _record_outcome(
        self, service: str, operation: str, error: ExternalServiceError | None
    ) -> None:
        # A service that refuses a call for good is up.
        is_up = error is None or isinstance(error, PermanentFailure)
        if is_up and not self._should_report_success(service):
            return
        try:
            async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
                if isinstance(error, RetryLater) and not error.uses_attempt:
                    await self._block_operation(service, operation, error.retry_after_seconds)
                elif is_up:
                    await self._redis.delete(*_breaker_keys(service))
                    self._failing.discard(service)
                else:
                    self._failing.add(service)
                    await self._record_failure(service)
        except _REDIS_ERRORS as redis_error:
            log.warning("Redis does not store the outcome of a %s call: %r", service, redis_error)

    def _should_report_success(self, service: str) -> bool:
        """Whether other processes may still believe that the service fails."""
        if not self._interactive:
            return service in self._failing
        # Interactive calls bypass the breaker, so they do not know whether it is open. They report
        # successes about once a second to let it close.
        if (
            time.monotonic() - self._success_reported_at.get(service, -math.inf)
            < _SUCCESS_REPORT_SECONDS
        ):
            return False
        self._success_reported_at[service] = time.monotonic()
        return True

    async def _block_operation(self, service: str, operation: str, seconds: float) -> None:
        await self._redis.set(_block_key(service, operation), 1, px=max(1, int(seconds * 1000)))

    async def _record_failure(self, service: str) -> None:
        failures, opened, probing = _breaker_keys(service)
        async with self._redis.pipeline() as pipe:
            pipe.incr(failures)
            pipe.expire(failures, _FAILURE_WINDOW_SECONDS)
            count, _ = await pipe.execute()
        if count >= BREAKER_THRESHOLD:
            pause = BREAKER_PAUSES_SECONDS[
                min(count - BREAKER_THRESHOLD, len(BREAKER_PAUSES_SECONDS) - 1)
            ]
            await self._redis.set(opened, 1, ex=pause)
            await self._redis.delete(probing)
            log.warning("%s has failed %d times: calls pause for %d s", service, count, pause)


def _breaker_keys(service: str) -> tuple[str, str, str]:
    return f"gate:{service}:failures", f"gate:{service}:open", f"gate:{service}:tried"


def _block_key(service: str, operation: str) -> str:
    return f"gate:{service}:{operation}:held"
