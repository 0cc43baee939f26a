"""Change notification: waiting code checks its condition after every workspace change."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class ChangeNotifier:
    """Wakes all waiting code at each change of the workspace."""

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
        """The event that the next change sets.

        A caller takes it before it checks its condition, so it misses no change.
        """
        return self._next_change

    def add_listener(self, listener: Callable[[], None]) -> None:
        """Call the listener at every later change."""
        self._listeners.append(listener)

    def remove_listener(self, listener: Callable[[], None]) -> None:
        self._listeners.remove(listener)

    async def wait_until(
        self, condition: Callable[[], T], *, timeout_seconds: float = 10, waiting_for: str = ""
    ) -> T:
        """Return the condition's first truthy value.

        Raises:
            TimeoutError: the condition stayed false; the message names `waiting_for`.
        """
        try:
            async with asyncio.timeout(timeout_seconds):
                while not (value := condition()):
                    await self._next_change.wait()
                return value
        except TimeoutError as error:
            subject = waiting_for or getattr(condition, "__qualname__", repr(condition))
            raise TimeoutError(f"Waited {timeout_seconds:g} s for {subject}.") from error
