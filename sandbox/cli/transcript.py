"""A transcript on stdout: what happened, how long after the beginning, and what was seen of it."""

import textwrap
import time
from collections.abc import Iterable
from datetime import UTC, datetime

_WIDTH = 100
_MARGIN = " " * 10 + "│ "
_MAX_SECONDS_SHOWN_AS_MS = 10.0


class Transcript:
    """Says what happens as it happens."""

    def __init__(self) -> None:
        self._started_at = datetime.now(UTC)
        self._started_monotonic_seconds = time.monotonic()

    def start_clock(self) -> None:
        """From now on the time counts."""
        self._started_at, self._started_monotonic_seconds = datetime.now(UTC), time.monotonic()

    def elapsed_seconds(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._started_monotonic_seconds

    def seconds_until(self, moment: datetime) -> float:
        """Seconds from the beginning to a moment that another process of this machine noted."""
        return max(0.0, (moment - self._started_at).total_seconds())

    def print_line(self, text: str = "") -> None:
        """A line that belongs to no step."""
        print(text, flush=True)

    def print_step(
        self, title: str, lines: Iterable[str], *, at_seconds: float | None = None
    ) -> None:
        """Something that happened, now unless said otherwise, and what was seen of it."""
        self.print_line(
            f"\n{format_duration(self.elapsed_seconds() if at_seconds is None else at_seconds):>8}  {title}"
        )
        for line in lines:
            for part in wrap_line(line):
                self.print_line(f"{_MARGIN}{part}".rstrip())


def wrap_line(line: str) -> list[str]:
    """The line, as several where it is too long."""
    width = _WIDTH - len(_MARGIN)
    return textwrap.wrap(line, width, subsequent_indent="  ", break_on_hyphens=False) or [""]


def format_duration(seconds: float) -> str:
    """As a person would say it."""
    short = seconds < _MAX_SECONDS_SHOWN_AS_MS
    return f"{seconds * 1000:.0f} ms" if short else f"{seconds:.1f} s"
