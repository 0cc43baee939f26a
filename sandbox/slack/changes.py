"""Waiting for something to become true, woken by every change in the workspace."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Changes:
    """Whoever changes something announces it; whoever waits looks again."""

    def __init__(self) -> None:
        self._next = asyncio.Event()
        self._listeners: list[Callable[[], None]] = []

    def announce(self) -> None:
        self._next.set()
        self._next = asyncio.Event()
        for listener in self._listeners:
            listener()

    @property
    def upcoming(self) -> asyncio.Event:
        """Set by the next announcement: whoever takes it before looking misses nothing."""
        return self._next

    def pass_on_to(self, listener: Callable[[], None]) -> None:
        """Call it at every announcement from now on."""
        self._listeners.append(listener)

    def no_longer_to(self, listener: Callable[[], None]) -> None:
        self._listeners.remove(listener)

    async def until(
        self, condition: Callable[[], T], *, timeout: float = 10, waiting_for: str = ""
    ) -> T:
        """The first truthy value of the condition; TimeoutError says what did not come."""
        try:
            async with asyncio.timeout(timeout):
                while not (value := condition()):
                    await self._next.wait()
                return value
        except TimeoutError as late:
            what = waiting_for or getattr(condition, "__qualname__", repr(condition))
            raise TimeoutError(f"Waited {timeout:g} s for {what}.") from late
