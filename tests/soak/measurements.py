"""The measurements of a soak, its table, and the bounds it must keep."""

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
    """The memory of a worker that is never killed and of the last bot process.

    A new process has not loaded all its modules, so the first measurement is after a warm-up.
    """

    steady_worker: Process
    bot: Process
    warm_bytes: dict[str, int] = field(default_factory=dict)
    final_bytes: dict[str, int] = field(default_factory=dict)

    async def watch(self, *, warm_seconds: float) -> None:
        """Record the memory of each process once, this long after its start."""
        starts: dict[str, tuple[str, float]] = {}
        while True:
            for process in (self.steady_worker, self.bot):
                run = f"{process.name} {process.pid}"
                if starts.get(process.name, ("", 0.0))[0] != run:
                    starts[process.name] = (run, time.monotonic())
                    self.warm_bytes.pop(process.name, None)
                age_seconds = time.monotonic() - starts[process.name][1]
                if process.name not in self.warm_bytes and age_seconds > warm_seconds:
                    self.warm_bytes[process.name] = process.memory_bytes
            await asyncio.sleep(_POLL_SECONDS)

    def record_final(self) -> None:
        """Record the memory of each process now."""
        processes = (self.steady_worker, self.bot)
        self.final_bytes = {process.name: process.memory_bytes for process in processes}

    def growth(self, process: Process) -> float:
        """The final memory divided by the warm memory."""
        return self.final_bytes[process.name] / self.warm_bytes[process.name]


@dataclass(frozen=True, slots=True)
class SoakResult:
    """The results of a soak."""

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
        """The Markdown table for docs/reliability.md."""
        waits = self.offer_wait_seconds
        p95 = statistics.quantiles(waits, n=20)[-1]
        rows = {
            "tickets submitted": f"{self.tally.submitted:,}",
            "tickets with a receipt": f"{len(self.tally.ticket_ids):,}",
            "tickets stored": f"{self.stored:,}",
            "tickets offered to a moderator": f"{self.offered:,}",
            "retries of Submit during an outage": f"{self.tally.retries:,}",
            "direct messages per notice": f"{self.messages / self.notices:.3f} ({self.notices:,})",
            "e-mails by Message-ID": f"{self.emails:,}, and {self.email_copies:,} second copies",
            "dead steps": _format_counts(self.dead_steps) or "none",
            "from submission to offer: median, 95th percentile, longest": (
                f"{statistics.median(waits):.1f} s, {p95:.1f} s, {max(waits):.1f} s"
            ),
            "until other workers had all steps of a killed worker: longest": (
                f"{max(self.faults.recovery_seconds, default=0):.1f} s"
            ),
            "until all steps were done after the last fault": f"{self.settle_seconds:.0f} s",
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
        """The bounds that do not hold. The invariants are checked elsewhere."""
        receipts = len(self.tally.ticket_ids)
        growths = [
            self.memory.growth(process) for process in (self.memory.steady_worker, self.memory.bot)
        ]
        bounds = {
            "a submission has no receipt": receipts == self.tally.submitted,
            "receipts and stored tickets differ": len(set(self.tally.ticket_ids))
            == receipts
            == self.stored,
            "a ticket was never offered": self.offered == self.stored,
            "a person has duplicate messages": self.messages == self.notices,
            "there are dead steps": not self.dead_steps,
            "memory has grown": max(growths) <= _MAX_GROWTH,
        }
        return [bound for bound, holds in bounds.items() if not holds]


async def collect_result(
    world: World,
    tally: RequesterTally,
    faults: RandomFaults,
    memory: SoakMemory,
    *,
    settle_seconds: float,
) -> SoakResult:
    """Collect the results from MongoDB, Slack and the mail server."""
    tickets = await world.find_documents("tickets")
    notices = Counter(
        (person.id, notice)
        for person in world.slack.people
        for message in person.messages
        if (notice := get_path(message.metadata or {}, "event_payload", "notice"))
    )
    emails = Counter(email.message_id for email in world.mail.inbox)
    waits = [wait for ticket in tickets if (wait := _seconds_to_offer(ticket)) is not None]
    return SoakResult(
        tally=tally,
        faults=faults,
        memory=memory,
        stored=len(tickets),
        offered=len(waits),
        notices=len(notices),
        messages=notices.total(),
        emails=len(emails),
        email_copies=emails.total() - len(emails),
        dead_steps=Counter(
            step["step"] for t in tickets for step in t["pending"] if step["dead_since"]
        ),
        offer_wait_seconds=waits,
        settle_seconds=settle_seconds,
    )


def _format_counts(counts: Counter[str]) -> str:
    return ", ".join(f"{times} × {kind}" for kind, times in counts.most_common())


def _seconds_to_offer(ticket: dict[str, Any]) -> float | None:
    """The seconds from submission to the first offer, or None without an offer."""
    offers = (event["at"] for event in ticket["history"] if event["what"] == "offered")
    first = next(offers, None)
    return (first - ticket["opened_at"]).total_seconds() if first else None
