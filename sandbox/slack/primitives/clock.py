"""The workspace's clock: it runs in real time, and a test can advance it."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress


class Clock:
    """The time source of triggers, response URLs, rate limits and event retries."""

    def __init__(self, on_advance: Callable[[], None] | None = None) -> None:
        self._offset_seconds = 0.0
        self._advanced_event = asyncio.Event()
        self._on_advance = on_advance

    def now(self) -> float:
        return time.time() + self._offset_seconds

    def real_now(self) -> float:
        """The real time, for signatures: the app compares them with its own clock."""
        return time.time()

    def advance(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError("A clock can only be advanced.")
        self._offset_seconds += seconds
        self._advanced_event.set()
        self._advanced_event = asyncio.Event()
        if self._on_advance:
            self._on_advance()

    async def wait_until(self, moment: float) -> None:
        """Return at this moment, in real time or because a test advanced the clock."""
        while (remaining_seconds := moment - self.now()) > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._advanced_event.wait(), timeout=remaining_seconds)
