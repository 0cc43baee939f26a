"""Slack's rate limits: so many calls of a method a minute, one message a second in a channel."""

import math
from collections import defaultdict, deque
from enum import IntEnum

from sandbox.slack.clock import Clock
from sandbox.slack.errors import TooFast


class Tier(IntEnum):
    """Calls a minute (docs.slack.dev/apis/web-api/rate-limits)."""

    ONE = 1
    TWO = 20
    THREE = 50
    FOUR = 100
    # "Special" methods: hundreds a minute; chat.postMessage has its channel limit besides.
    SPECIAL = 600


# "One message per second per channel, short bursts": five is our reading of a short burst.
CHANNEL_BURST = 5
MINUTE = 60.0


class Rates:
    def __init__(self, clock: Clock) -> None:
        self.enabled = True
        self._clock = clock
        self._calls: defaultdict[str, deque[float]] = defaultdict(deque)
        self._channels: dict[str, tuple[float, float]] = {}

    def count(self, method: str, tier: Tier) -> None:
        if not self.enabled:
            return
        now = self._clock.now()
        calls = self._calls[method]
        while calls and calls[0] <= now - MINUTE:
            calls.popleft()
        if len(calls) >= tier:
            raise TooFast(max(1, math.ceil(calls[0] + MINUTE - now)))
        calls.append(now)

    def count_message(self, channel: str) -> None:
        """A bucket that holds a short burst and gains one message a second."""
        if not self.enabled:
            return
        now = self._clock.now()
        held, since = self._channels.get(channel, (float(CHANNEL_BURST), now))
        held = min(CHANNEL_BURST, held + now - since)
        if held < 1:
            raise TooFast(max(1, math.ceil(1 - held)))
        self._channels[channel] = (held - 1, now)

    def clear(self) -> None:
        self._calls.clear()
        self._channels.clear()
