"""The workspace's clock: it runs like any other, and can be put forward."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress


class Clock:
    """Triggers, response URLs, rate limits and event retries all live by it."""

    def __init__(self, on_advance: Callable[[], None] | None = None) -> None:
        self._offset_seconds = 0.0
        self._advanced_event = asyncio.Event()
        self._on_advance = on_advance

    def now(self) -> float:
        return time.time() + self._offset_seconds

    def real_now(self) -> float:
        """For signatures: the app compares them with its own clock, which nobody can move."""
        return time.time()

    def advance(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError("A clock is only ever put forward.")
        self._offset_seconds += seconds
        self._advanced_event.set()
        self._advanced_event = asyncio.Event()
        if self._on_advance:
            self._on_advance()

    async def wait_until(self, moment: float) -> None:
        """Return when the moment has come, by itself or because the clock was put forward."""
        while (left := moment - self.now()) > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._advanced_event.wait(), timeout=left)
