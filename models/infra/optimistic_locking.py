"""Optimistic locking: a change is decided from what was read, and stored if that is still so.

The write is `Database.compare_and_set`.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from models.errors import Conflict

# Each concurrent writer can win once before this one, so n writers need n attempts.
_MAX_ATTEMPTS = 50
Written = TypeVar("Written")


async def repeat_until_written(
    attempt: Callable[[], Awaitable[Written | None]], *, conflict_text: str
) -> Written:
    """The result of the first attempt that writes.

    Args:
        attempt: reads, decides and writes; None when another write came first.
        conflict_text: the sentence for the person when every attempt was too late.

    Raises:
        Conflict: every attempt was too late.
    """
    for _ in range(_MAX_ATTEMPTS):
        written = await attempt()
        if written is not None:
            return written
    raise Conflict(conflict_text)
