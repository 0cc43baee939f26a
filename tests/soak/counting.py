"""What came of a soak, in numbers, and which of them are not as they must be."""

import asyncio
import statistics
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sandbox.processes import Process
from sandbox.slack.shapes import dug
from sandbox.world import World
from tests.soak.people import Tally
from tests.soak.trouble import Troubles

_MOST_GROWTH = 1.2
_LOOKS_EVERY_SECONDS = 1.0
_MEGABYTE = 1_000_000


@dataclass(slots=True)
class Memory:
    """What a worker that is never killed, and the last run of the bot, hold: when warm, and later.

    A process that has just begun has not yet loaded what it needs: so warm is some time after.
    """

    steady: Process
    bot: Process
    warm: dict[str, int] = field(default_factory=dict)
    at_the_end: dict[str, int] = field(default_factory=dict)

    async def watch(self, *, warm_seconds: float) -> None:
        """Note what each holds so long after its beginning."""
        since: dict[str, tuple[str, float]] = {}
        while True:
            for process in (self.steady, self.bot):
                run = f"{process.name} {process.pid}"
                if since.get(process.name, ("", 0.0))[0] != run:
                    since[process.name] = (run, time.monotonic())
                    self.warm.pop(process.name, None)
                began = since[process.name][1]
                if process.name not in self.warm and time.monotonic() - began > warm_seconds:
                    self.warm[process.name] = process.memory
            await asyncio.sleep(_LOOKS_EVERY_SECONDS)

    def end(self) -> None:
        """Note what each holds now."""
        self.at_the_end = {each.name: each.memory for each in (self.steady, self.bot)}

    def growth(self, process: Process) -> float:
        """How many times as much it holds in the end."""
        return self.at_the_end[process.name] / self.warm[process.name]


@dataclass(frozen=True, slots=True)
class Soaked:
    """The numbers."""

    tally: Tally
    troubles: Troubles
    memory: Memory
    stored: int
    offered: int
    notices: int
    messages: int
    letters: int
    copies: int
    dead: Counter[str]
    waits: list[float]
    settled: float

    def table(self) -> str:
        """What docs/reliability.md shows (Markdown)."""
        p95 = statistics.quantiles(self.waits, n=20)[-1]
        rows = {
            "tickets submitted": f"{self.tally.submitted:,}",
            "acknowledged with a number": f"{len(self.tally.receipts):,}",
            "stored": f"{self.stored:,}",
            "reached a moderator": f"{self.offered:,}",
            "pressed again, since something was away": f"{self.tally.pressed_again:,}",
            "direct messages per notice": f"{self.messages / self.notices:.3f} ({self.notices:,})",
            "letters by Message-ID": f"{self.letters:,}, and {self.copies:,} second copies",
            "dead steps": _counted(self.dead) or "none",
            "from submission to offer: median, 95 of 100, longest": (
                f"{statistics.median(self.waits):.1f} s, {p95:.1f} s, {max(self.waits):.1f} s"
            ),
            "until another had all that a killed worker held: longest": (
                f"{max(self.troubles.recoveries, default=0):.1f} s"
            ),
            "until all was done after the last fault": f"{self.settled:.0f} s",
            **{
                f"memory of the {process.name}: warm, at the end": (
                    f"{self.memory.warm[process.name] / _MEGABYTE:.0f} MB, "
                    f"{self.memory.at_the_end[process.name] / _MEGABYTE:.0f} MB "
                    f"({self.memory.growth(process):.2f} ×)"
                )
                for process in (self.memory.steady, self.memory.bot)
            },
            "faults": _counted(self.troubles.happened),
        }
        return "\n".join(["| | |", "|---|---|", *(f"| {k} | {v} |" for k, v in rows.items())])

    def wrong(self) -> list[str]:
        """Which bounds do not hold; I1 to I10 have been checked."""
        receipts = len(self.tally.receipts)
        growths = [self.memory.growth(each) for each in (self.memory.steady, self.memory.bot)]
        bounds = {
            "somebody got no number": receipts == self.tally.submitted,
            "numbers and tickets differ": len(set(self.tally.receipts)) == receipts == self.stored,
            "some tickets have reached nobody": self.offered == self.stored,
            "somebody was told twice": self.messages == self.notices,
            "steps are dead": not self.dead,
            "memory has grown": max(growths) <= _MOST_GROWTH,
        }
        return [words for words, holds in bounds.items() if not holds]


async def count(
    world: World, tally: Tally, troubles: Troubles, memory: Memory, *, settled: float
) -> Soaked:
    """Count."""
    tickets = await world.documents("tickets")
    told = Counter(
        (person.id, notice)
        for person in world.slack.people
        for message in person.messages
        if (notice := dug(message.metadata or {}, "event_payload", "notice"))
    )
    letters = Counter(letter.message_id for letter in world.mail.inbox)
    waits = [wait for ticket in tickets if (wait := _wait(ticket)) is not None]
    return Soaked(
        tally=tally,
        troubles=troubles,
        memory=memory,
        stored=len(tickets),
        offered=len(waits),
        notices=len(told),
        messages=told.total(),
        letters=len(letters),
        copies=letters.total() - len(letters),
        dead=Counter(step["step"] for t in tickets for step in t["pending"] if step["dead_since"]),
        waits=waits,
        settled=settled,
    )


def _counted(things: Counter[str]) -> str:
    return ", ".join(f"{times} × {kind}" for kind, times in things.most_common())


def _wait(ticket: dict[str, Any]) -> float | None:
    """Seconds from submission to the first offer that somebody got."""
    offers = (event["at"] for event in ticket["history"] if event["what"] == "offered")
    first = next(offers, None)
    return (first - ticket["opened_at"]).total_seconds() if first else None
