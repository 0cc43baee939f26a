"""A transcript on stdout: numbered steps, what was seen in each, and how long each took."""

import textwrap
import time

_WIDTH = 100


class Transcript:
    """Says what happens as it happens."""

    def __init__(self) -> None:
        self._steps = 0
        self._began = self._started = time.monotonic()
        self._took: dict[str, float] = {}

    def say(self, text: str, *, timed: bool = False) -> None:
        """A line that belongs to no step; timed, with the seconds since the beginning."""
        after = f"  ({time.monotonic() - self._began:.1f} s)" if timed else ""
        print(f"{text}{after}", flush=True)

    def step(self, title: str, explained: str) -> None:
        """Begin a step."""
        self._steps += 1
        self.say(f"\n{self._steps}. {title}: {explained}")

    def show(self, *texts: str) -> None:
        """What was seen in this step, set apart."""
        for line in "\n".join(texts).splitlines():
            wrapped = textwrap.wrap(line, _WIDTH, subsequent_indent="  ") or [""]
            self.say("\n".join(f"   │ {part}".rstrip() for part in wrapped))

    def start(self) -> None:
        """From now on the next stages are timed."""
        self._started = time.monotonic()

    def done(self, stage: str) -> None:
        """A stage has ended; its time counts from the last `start`."""
        self._took[stage] = time.monotonic() - self._started

    def timings(self) -> None:
        """How long each stage took."""
        self.say("\nHow long it took, from the click that began it:")
        for stage, seconds in self._took.items():
            self.say(f"   {seconds * 1000:7.0f} ms  {stage}")

    def log(self, name: str, lines: str) -> None:
        """The end of a process's log."""
        self.say(f"\nThe last lines of the {name}'s log:")
        self.say(textwrap.indent(lines, "   "))
