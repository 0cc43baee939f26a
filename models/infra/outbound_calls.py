"""The way out to Slack, Gemini and the mail server, as all processes share it through Redis.

Three things keep a call back, and none of them uses up an attempt: the service has asked us to
wait, the service does not answer (an open circuit breaker), or the call's budget is spent. Who is
kept back by a budget has a place in the line: coming back then, they are let through. All times
are Redis's own, so that machines whose clocks differ agree. When Redis itself is away, calls
are let through: without it there is hardly any work, and the services defend themselves.
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
from models.infra.metrics import EXTERNAL_CALL_SECONDS
from models.infra.token_budget import TokenBudget

REDIS_TIMEOUT_SECONDS = 0.3
# After so many failures in a row, whoever calls is told to wait instead.
BREAKER_THRESHOLD = 5
# How long; the last one again and again. After each pause one call is let through to try.
BREAKER_PAUSES_SECONDS = (5, 15, 30)
_PROBE_SECONDS = 20
_FAILURE_WINDOW_SECONDS = 600
_SUCCESS_REPORT_SECONDS = 1
_REDIS_ERRORS = (RedisError, OSError, TimeoutError)
log = logging.getLogger(__name__)


class ExternalService(StrEnum):
    """Who is outside."""

    SLACK = "slack"
    GEMINI = "gemini"
    SMTP = "smtp"
    WEBHOOK = "webhook"


@dataclass(frozen=True, slots=True)
class RateLimit:
    """How often a call may be made: evenly, after a burst from what was not used before."""

    interval: timedelta
    burst: int


# Less than Slack's tiers allow (burst and a minute's worth together), so that what people wait for
# before their screens always finds room: https://docs.slack.dev/apis/web-api/rate-limits
RATE_LIMITS = {
    "chat.postMessage": RateLimit(interval=timedelta(seconds=0.15), burst=40),
    "chat.update": RateLimit(interval=timedelta(seconds=2.4), burst=15),
    "chat.delete": RateLimit(interval=timedelta(seconds=2.4), burst=15),
    "conversations.history": RateLimit(interval=timedelta(seconds=2), burst=15),
    "conversations.open": RateLimit(interval=timedelta(seconds=2), burst=15),
    "users.info": RateLimit(interval=timedelta(seconds=1), burst=20),
    # Mailtrap refuses more than a few a second, and says so as if for good.
    "send": RateLimit(interval=timedelta(seconds=1), burst=3),
}
# "One message per second per channel", with short bursts.
CHANNEL_RATE_LIMIT = RateLimit(interval=timedelta(seconds=1), burst=3)
# Whether a call may go out: the milliseconds it has to wait, or 0, and how often the service has
# failed. First, whether the service is let rest. Then, in each of some lines: books the next free
# moment, unless one is booked. Whoever's moments have come is let through, if there is room: others
# may have come late, and a crowd of them at once is what the budget is there to prevent. Who finds
# no room books anew. At last, when the service has failed too often: one goes first to try it.
_ADMIT_SCRIPT = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function at(key) return tonumber(redis.call('GET', key)) or 0 end
local failures = at(KEYS[3])
local rest = math.max(redis.call('PTTL', KEYS[1]), redis.call('PTTL', KEYS[2]))
if rest > 0 then return {rest, failures} end
local kept, wait, room, lines = tonumber(ARGV[1]), 0, {}, (#KEYS - 4) / 3
for i = 1, lines do
  local line, place, passed = KEYS[3 * i + 2], KEYS[3 * i + 3], KEYS[3 * i + 4]
  local each, burst = tonumber(ARGV[2 * i + 2]), tonumber(ARGV[2 * i + 3])
  room[i] = math.max(at(passed), now - (burst - 1) * each)
  local mine = at(place)
  if mine == 0 or (mine <= now and room[i] > now) then
    mine = math.max(at(line), room[i])
    redis.call('SET', line, mine + each, 'PX', math.max(mine - now, 0) + burst * each)
  end
  redis.call('SET', place, mine, 'PX', math.max(mine - now, 0) + kept)
  wait = math.max(wait, mine - now)
end
if wait > 0 then return {wait, failures} end
for i = 1, lines do
  local each, burst = tonumber(ARGV[2 * i + 2]), tonumber(ARGV[2 * i + 3])
  redis.call('SET', KEYS[3 * i + 4], room[i] + each, 'PX', burst * each)
  redis.call('DEL', KEYS[3 * i + 3])
end
if failures >= tonumber(ARGV[2]) and not redis.call('SET', KEYS[4], 1, 'NX', 'EX', ARGV[3]) then
  return {1000, failures}
end
return {0, failures}
"""
# For how long a place in the line is kept for who does not come back in time.
_RESERVATION_MILLISECONDS = 60_000
_caller: ContextVar[str] = ContextVar("caller", default="")


@contextmanager
def caller_context(caller: str) -> Iterator[None]:
    """Calls in here are made for this step of this ticket: its places in the lines are its own."""
    token = _caller.set(caller)
    try:
        yield
    finally:
        _caller.reset(token)


class OutboundCalls:
    """Lets calls out; `hurried` for what a person waits for, which is never kept back."""

    def __init__(self, redis_url: SecretStr, *, interactive: bool) -> None:
        """Nothing is connected yet."""
        self._interactive = interactive
        self._redis: Redis = Redis.from_url(
            redis_url.get_secret_value(),
            socket_timeout=REDIS_TIMEOUT_SECONDS,
            socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
        )
        self.token_budget = TokenBudget(self._redis)
        self.api_rate_limit = ApiRateLimit(self._redis)
        self._admit_script = self._redis.register_script(_ADMIT_SCRIPT)
        # Those of which it is known here that they have failed, since when they answered last.
        self._failing: set[str] = set()
        self._success_reported_at: dict[str, float] = {}

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()

    @asynccontextmanager
    async def call(
        self, service: ExternalService, operation: str, *, channel: str = "", breaker_key: str = ""
    ) -> AsyncIterator[None]:
        """Around one call to the outside.

        Args:
            call: what is asked of the service, as its budget is named.
            channel: the conversation that a message goes to.
            apart: which of several that have the service's name, but fail each for itself.

        Raises:
            NotNow: not let through; no attempt is used up. Else what the call itself raises.
        """
        name = f"{service}:{breaker_key}" if breaker_key else service.value
        if not self._interactive:
            await self._check_admission(name, operation, channel)
        began, outcome = time.monotonic(), "ok"
        try:
            yield
        except ExternalServiceError as error:
            outcome = error.metric_label
            await self._record_outcome(name, operation, error)
            raise
        else:
            await self._record_outcome(name, operation, None)
        finally:
            took = time.monotonic() - began
            EXTERNAL_CALL_SECONDS.labels(service, operation, outcome).observe(took)

    async def breaker_states(self) -> dict[ExternalService, bool]:
        """Which services are let rest, since they do not answer."""
        # Webhooks are let rest each for itself.
        shared = [service for service in ExternalService if service is not ExternalService.WEBHOOK]
        keys = [f"gate:{service}:open" for service in shared]
        try:
            found = await self._redis.mget(keys)
        except _REDIS_ERRORS:
            return {}
        return {service: one is not None for service, one in zip(shared, found, strict=True)}

    async def _check_admission(self, service: str, operation: str, channel: str) -> None:
        lines = {f"to:{channel}": CHANNEL_RATE_LIMIT} if channel else {}
        lines |= {operation: RATE_LIMITS[operation]} if operation in RATE_LIMITS else {}
        who = _caller.get() or uuid4()
        failures, opened, tried = _breaker_keys(service)
        keys = [opened, _block_key(service, operation), failures, tried]
        numbers = [_RESERVATION_MILLISECONDS, BREAKER_THRESHOLD, _PROBE_SECONDS]
        for name, budget in lines.items():
            keys += [f"gate:line:{name}", f"gate:place:{name}:{who}", f"gate:passed:{name}"]
            numbers += [int(budget.interval.total_seconds() * 1000), budget.burst]
        try:
            async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
                wait, failed = await self._admit_script(keys, numbers)
        except _REDIS_ERRORS as error:
            log.warning("Redis does not say whether %s may be called: %r", service, error)
            return
        if failed:
            self._failing.add(service)
        if wait:
            why = f"{operation}: {service} is let rest"
            raise RetryLater(why, retry_after_seconds=int(wait) / 1000, uses_attempt=False)

    async def _record_outcome(
        self, service: str, operation: str, error: ExternalServiceError | None
    ) -> None:
        well = error is None or isinstance(error, PermanentFailure)
        if well and not self._should_report_success(service):
            return
        try:
            async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
                if isinstance(error, RetryLater) and not error.uses_attempt:
                    await self._block_operation(service, operation, error.retry_after_seconds)
                elif well:
                    await self._redis.delete(*_breaker_keys(service))
                    self._failing.discard(service)
                else:
                    self._failing.add(service)
                    await self._record_failure(service)
        except _REDIS_ERRORS as away:
            log.warning("Redis does not take how %s answered: %r", service, away)

    def _should_report_success(self, service: str) -> bool:
        """Whether others may not know that the service answers."""
        if not self._interactive:
            return service in self._failing
        # Who hurries does not ask whether it fails, and so says now and then that it does not.
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
        failures, opened, tried = _breaker_keys(service)
        async with self._redis.pipeline() as pipe:
            pipe.incr(failures)
            pipe.expire(failures, _FAILURE_WINDOW_SECONDS)
            count, _ = await pipe.execute()
        if count >= BREAKER_THRESHOLD:
            pause = BREAKER_PAUSES_SECONDS[
                min(count - BREAKER_THRESHOLD, len(BREAKER_PAUSES_SECONDS) - 1)
            ]
            await self._redis.set(opened, 1, ex=pause)
            await self._redis.delete(tried)
            log.warning(
                "%s has not answered %d times: it is let rest for %d s", service, count, pause
            )


def _breaker_keys(service: str) -> tuple[str, str, str]:
    return tuple(f"gate:{service}:{what}" for what in ("failures", "open", "tried"))  # type: ignore[return-value]


def _block_key(service: str, operation: str) -> str:
    return f"gate:{service}:{operation}:held"
