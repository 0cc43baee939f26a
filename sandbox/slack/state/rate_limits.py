"""Slack's rate limits: calls per method and minute, one message per channel and second."""

import math
from collections import defaultdict, deque
from enum import IntEnum

from sandbox.slack.primitives.clock import Clock
from sandbox.slack.primitives.errors import RateLimited


class Tier(IntEnum):
    """Calls per minute (docs.slack.dev/apis/web-api/rate-limits)."""

    ONE = 1
    TWO = 20
    THREE = 50
    FOUR = 100
    # "Special" methods: hundreds a minute; chat.postMessage also has its channel limit.
    SPECIAL = 600


# Slack allows "one message per second per channel, short bursts"; five is our assumption.
MAX_CHANNEL_BURST = 5
WINDOW_SECONDS = 60.0


class RateLimiter:
    def __init__(self, clock: Clock) -> None:
        self.is_enabled = True
        self._clock = clock
        self._calls: defaultdict[str, deque[float]] = defaultdict(deque)
        self._channel_buckets: dict[str, tuple[float, float]] = {}

    def count_call(self, method: str, tier: Tier) -> None:
        if not self.is_enabled:
            return
        now = self._clock.now()
        calls = self._calls[method]
        while calls and calls[0] <= now - WINDOW_SECONDS:
            calls.popleft()
        if len(calls) >= tier:
            raise RateLimited(max(1, math.ceil(calls[0] + WINDOW_SECONDS - now)))
        calls.append(now)

    def count_message(self, channel: str) -> None:
        """Take one message from the channel's token bucket, which regains one a second."""
        if not self.is_enabled:
            return
        now = self._clock.now()
        allowance, updated_at = self._channel_buckets.get(channel, (float(MAX_CHANNEL_BURST), now))
        allowance = min(MAX_CHANNEL_BURST, allowance + now - updated_at)
        if allowance < 1:
            raise RateLimited(max(1, math.ceil(1 - allowance)))
        self._channel_buckets[channel] = (allowance - 1, now)

    def clear(self) -> None:
        self._calls.clear()
        self._channel_buckets.clear()
