"""Waiting for something to become true, woken by every change in the workspace."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class ChangeNotifier:
    """Whoever changes something announces it; whoever waits looks again."""

    def __init__(self) -> None:
        self._next_change = asyncio.Event()
        self._listeners: list[Callable[[], None]] = []

    def notify(self) -> None:
        self._next_change.set()
        self._next_change = asyncio.Event()
        for listener in self._listeners:
            listener()

    @property
    def next_change(self) -> asyncio.Event:
        """Set by the next announcement: whoever takes it before looking misses nothing."""
        return self._next_change

    def add_listener(self, listener: Callable[[], None]) -> None:
        """Call it at every announcement from now on."""
        self._listeners.append(listener)

    def remove_listener(self, listener: Callable[[], None]) -> None:
        self._listeners.remove(listener)

    async def wait_until(
        self, condition: Callable[[], T], *, timeout_seconds: float = 10, waiting_for: str = ""
    ) -> T:
        """The first truthy value of the condition; TimeoutError says what did not come."""
        try:
            async with asyncio.timeout(timeout_seconds):
                while not (value := condition()):
                    await self._next_change.wait()
                return value
        except TimeoutError as late:
            what = waiting_for or getattr(condition, "__qualname__", repr(condition))
            raise TimeoutError(f"Waited {timeout_seconds:g} s for {what}.") from late
