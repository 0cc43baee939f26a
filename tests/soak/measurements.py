"""What came of a soak, in numbers, and which of them are not as they must be."""

import asyncio
import statistics
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sandbox.services.processes import Process
from sandbox.slack.primitives.json_types import get_path
from sandbox.world.world import World
from tests.soak.random_faults import RandomFaults
from tests.soak.simulated_people import RequesterTally

_MAX_GROWTH = 1.2
_POLL_SECONDS = 1.0
_BYTES_PER_MB = 1_000_000


@dataclass(slots=True)
class SoakMemory:
    """What a worker that is never killed, and the last run of the bot, hold: when warm, and later.

    A process that has just begun has not yet loaded what it needs: so warm is some time after.
    """

    steady_worker: Process
    bot: Process
    warm_bytes: dict[str, int] = field(default_factory=dict)
    final_bytes: dict[str, int] = field(default_factory=dict)

    async def watch(self, *, warm_seconds: float) -> None:
        """Note what each holds so long after its beginning."""
        since: dict[str, tuple[str, float]] = {}
        while True:
            for process in (self.steady_worker, self.bot):
                run = f"{process.name} {process.pid}"
                if since.get(process.name, ("", 0.0))[0] != run:
                    since[process.name] = (run, time.monotonic())
                    self.warm_bytes.pop(process.name, None)
                began = since[process.name][1]
                if process.name not in self.warm_bytes and time.monotonic() - began > warm_seconds:
                    self.warm_bytes[process.name] = process.memory_bytes
            await asyncio.sleep(_POLL_SECONDS)

    def record_final(self) -> None:
        """Note what each holds now."""
        self.final_bytes = {each.name: each.memory_bytes for each in (self.steady_worker, self.bot)}

    def growth(self, process: Process) -> float:
        """How many times as much it holds in the end."""
        return self.final_bytes[process.name] / self.warm_bytes[process.name]


@dataclass(frozen=True, slots=True)
class SoakResult:
    """The numbers."""

    tally: RequesterTally
    faults: RandomFaults
    memory: SoakMemory
    stored: int
    offered: int
    notices: int
    messages: int
    emails: int
    email_copies: int
    dead_steps: Counter[str]
    offer_wait_seconds: list[float]
    settle_seconds: float

    def render_table(self) -> str:
        """What docs/reliability.md shows (Markdown)."""
        p95 = statistics.quantiles(self.offer_wait_seconds, n=20)[-1]
        rows = {
            "tickets submitted": f"{self.tally.submitted:,}",
            "acknowledged with a number": f"{len(self.tally.ticket_ids):,}",
            "stored": f"{self.stored:,}",
            "reached a moderator": f"{self.offered:,}",
            "pressed again, since something was away": f"{self.tally.retries:,}",
            "direct messages per notice": f"{self.messages / self.notices:.3f} ({self.notices:,})",
            "letters by Message-ID": f"{self.emails:,}, and {self.email_copies:,} second copies",
            "dead steps": _format_counts(self.dead_steps) or "none",
            "from submission to offer: median, 95 of 100, longest": (
                f"{statistics.median(self.offer_wait_seconds):.1f} s, {p95:.1f} s, {max(self.offer_wait_seconds):.1f} s"
            ),
            "until another had all that a killed worker held: longest": (
                f"{max(self.faults.recovery_seconds, default=0):.1f} s"
            ),
            "until all was done after the last fault": f"{self.settle_seconds:.0f} s",
            **{
                f"memory of the {process.name}: warm, at the end": (
                    f"{self.memory.warm_bytes[process.name] / _BYTES_PER_MB:.0f} MB, "
                    f"{self.memory.final_bytes[process.name] / _BYTES_PER_MB:.0f} MB "
                    f"({self.memory.growth(process):.2f} ×)"
                )
                for process in (self.memory.steady_worker, self.memory.bot)
            },
            "faults": _format_counts(self.faults.counts),
        }
        return "\n".join(["| | |", "|---|---|", *(f"| {k} | {v} |" for k, v in rows.items())])

    def violated_bounds(self) -> list[str]:
        """Which bounds do not hold; I1 to I10 have been checked."""
        receipts = len(self.tally.ticket_ids)
        growths = [
            self.memory.growth(each) for each in (self.memory.steady_worker, self.memory.bot)
        ]
        bounds = {
            "somebody got no number": receipts == self.tally.submitted,
            "numbers and tickets differ": len(set(self.tally.ticket_ids))
            == receipts
            == self.stored,
            "some tickets have reached nobody": self.offered == self.stored,
            "somebody was told twice": self.messages == self.notices,
            "steps are dead": not self.dead_steps,
            "memory has grown": max(growths) <= _MAX_GROWTH,
        }
        return [words for words, holds in bounds.items() if not holds]


async def collect_result(
    world: World,
    tally: RequesterTally,
    faults: RandomFaults,
    memory: SoakMemory,
    *,
    settle_seconds: float,
) -> SoakResult:
    """Count."""
    tickets = await world.find_documents("tickets")
    told = Counter(
        (person.id, notice)
        for person in world.slack.people
        for message in person.messages
        if (notice := get_path(message.metadata or {}, "event_payload", "notice"))
    )
    letters = Counter(letter.message_id for letter in world.mail.inbox)
    waits = [wait for ticket in tickets if (wait := _seconds_to_offer(ticket)) is not None]
    return SoakResult(
        tally=tally,
        faults=faults,
        memory=memory,
        stored=len(tickets),
        offered=len(waits),
        notices=len(told),
        messages=told.total(),
        emails=len(letters),
        email_copies=letters.total() - len(letters),
        dead_steps=Counter(
            step["step"] for t in tickets for step in t["pending"] if step["dead_since"]
        ),
        offer_wait_seconds=waits,
        settle_seconds=settle_seconds,
    )


def _format_counts(things: Counter[str]) -> str:
    return ", ".join(f"{times} × {kind}" for kind, times in things.most_common())


def _seconds_to_offer(ticket: dict[str, Any]) -> float | None:
    """Seconds from submission to the first offer that somebody got."""
    offers = (event["at"] for event in ticket["history"] if event["what"] == "offered")
    first = next(offers, None)
    return (first - ticket["opened_at"]).total_seconds() if first else None
