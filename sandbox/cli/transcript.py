"""A transcript on stdout: each event with its time and the lines that people saw."""

import textwrap
import time
from collections.abc import Iterable
from datetime import UTC, datetime

_WIDTH = 100
_MARGIN = " " * 10 + "│ "
_MAX_SECONDS_SHOWN_AS_MS = 10.0


class Transcript:
    """Prints events as they happen, with the time since the start."""

    def __init__(self) -> None:
        self._started_at = datetime.now(UTC)
        self._started_monotonic_seconds = time.monotonic()

    def start_clock(self) -> None:
        """Set the start of the elapsed time to now."""
        self._started_at, self._started_monotonic_seconds = datetime.now(UTC), time.monotonic()

    def elapsed_seconds(self) -> float:
        """Return the seconds since the start."""
        return time.monotonic() - self._started_monotonic_seconds

    def seconds_until(self, moment: datetime) -> float:
        """Return the seconds from the start to a time that another process recorded."""
        return max(0.0, (moment - self._started_at).total_seconds())

    def print_line(self, text: str = "") -> None:
        """Print a line that belongs to no step."""
        print(text, flush=True)

    def print_step(
        self, title: str, lines: Iterable[str], *, at_seconds: float | None = None
    ) -> None:
        """Print an event and its lines; the default time is now."""
        seconds = self.elapsed_seconds() if at_seconds is None else at_seconds
        self.print_line(f"\n{format_duration(seconds):>8}  {title}")
        for line in lines:
            for part in wrap_line(line):
                self.print_line(f"{_MARGIN}{part}".rstrip())


def wrap_line(line: str) -> list[str]:
    """Split a line that is too long into several."""
    width = _WIDTH - len(_MARGIN)
    return textwrap.wrap(line, width, subsequent_indent="  ", break_on_hyphens=False) or [""]


def format_duration(seconds: float) -> str:
    """Format a duration in milliseconds or seconds."""
    is_short = seconds < _MAX_SECONDS_SHOWN_AS_MS
    return f"{seconds * 1000:.0f} ms" if is_short else f"{seconds:.1f} s"
