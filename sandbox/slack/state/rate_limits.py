"""Slack's rate limits: so many calls of a method a minute, one message a second in a channel."""

import math
from collections import defaultdict, deque
from enum import IntEnum

from sandbox.slack.primitives.clock import Clock
from sandbox.slack.primitives.errors import RateLimited


class Tier(IntEnum):
    """Calls a minute (docs.slack.dev/apis/web-api/rate-limits)."""

    ONE = 1
    TWO = 20
    THREE = 50
    FOUR = 100
    # "Special" methods: hundreds a minute; chat.postMessage has its channel limit besides.
    SPECIAL = 600


# "One message per second per channel, short bursts": five is our reading of a short burst.
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
        """A bucket that holds a short burst and gains one message a second."""
        if not self.is_enabled:
            return
        now = self._clock.now()
        held, since = self._channel_buckets.get(channel, (float(MAX_CHANNEL_BURST), now))
        held = min(MAX_CHANNEL_BURST, held + now - since)
        if held < 1:
            raise RateLimited(max(1, math.ceil(1 - held)))
        self._channel_buckets[channel] = (held - 1, now)

    def clear(self) -> None:
        self._calls.clear()
        self._channel_buckets.clear()
