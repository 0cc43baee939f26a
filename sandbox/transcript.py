"""A transcript on stdout: what happened, how long after the beginning, and what was seen of it."""

import textwrap
import time
from collections.abc import Iterable
from datetime import UTC, datetime

_WIDTH = 100
_MARGIN = " " * 10 + "│ "
_IN_MILLISECONDS = 10.0


class Transcript:
    """Says what happens as it happens."""

    def __init__(self) -> None:
        self._began = datetime.now(UTC)
        self._clock = time.monotonic()

    def begin(self) -> None:
        """From now on the time counts."""
        self._began, self._clock = datetime.now(UTC), time.monotonic()

    def now(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._clock

    def since(self, moment: datetime) -> float:
        """Seconds from the beginning to a moment that another process of this machine noted."""
        return max(0.0, (moment - self._began).total_seconds())

    def say(self, text: str = "") -> None:
        """A line that belongs to no step."""
        print(text, flush=True)

    def step(self, title: str, seen: Iterable[str], *, at: float | None = None) -> None:
        """Something that happened, now unless said otherwise, and what was seen of it."""
        self.say(f"\n{duration(self.now() if at is None else at):>8}  {title}")
        for line in seen:
            for part in wrapped(line):
                self.say(f"{_MARGIN}{part}".rstrip())


def wrapped(line: str) -> list[str]:
    """The line, as several where it is too long."""
    width = _WIDTH - len(_MARGIN)
    return textwrap.wrap(line, width, subsequent_indent="  ", break_on_hyphens=False) or [""]


def duration(seconds: float) -> str:
    """As a person would say it."""
    short = seconds < _IN_MILLISECONDS
    return f"{seconds * 1000:.0f} ms" if short else f"{seconds:.1f} s"
