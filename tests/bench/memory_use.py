"""How much memory bot and worker hold, idle and after many tickets, beside what they may have."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from sandbox.services.processes import Process
from tests.bench.bench_service import BenchService
from tests.bench.environment import BenchEnvironment
from tests.bench.report import ComparisonRow

# Caches are full after so many, and all is loaded after a few.
WARM_TICKET_COUNT, INITIAL_TICKET_COUNT = 1000, 240
_BYTES_PER_MB = 1_000_000
# The built-in engine is there when the first ticket has been triaged by it.
MAX_MB, MAX_MB_WITH_ENGINE = {"bot": 120, "worker": 160}, {"bot": 120, "worker": 280}
_MAX_GROWTH = 1.05


class MemoryUse(NamedTuple):
    """Bytes that are held, by the name of the process, after so many tickets."""

    tickets: int
    bytes_by_process: Mapping[str, int]


def measure_memory(processes: Mapping[str, Process], *, tickets: int) -> MemoryUse:
    """What they hold now."""
    return MemoryUse(tickets, {name: process.memory_bytes for name, process in processes.items()})


def memory_rows(
    memory: MemoryUse, max_mb: Mapping[str, int], *, worker_mode: str
) -> list[ComparisonRow]:
    """Beside what they may have.

    Args:
        most: megabytes by name.
        how: what is to be known of the worker.
    """
    when = f"after {memory.tickets:,} tickets" if memory.tickets else "idle"
    return [
        ComparisonRow(
            label=f"memory of the {name}, {when}"
            + (f", {worker_mode}" if name == "worker" else ""),
            own_value=f"{memory.bytes_by_process[name] / _BYTES_PER_MB:.0f} MB",
            baseline="what it may have",
            baseline_value=f"{may} MB",
            ratio=memory.bytes_by_process[name] / _BYTES_PER_MB / may,
            max_ratio=1.0,
        )
        for name, may in max_mb.items()
    ]


def growth_rows(first: MemoryUse, last: MemoryUse) -> list[ComparisonRow]:
    """What they hold, beside what they held after the first tickets."""
    return [
        ComparisonRow(
            label=f"growth of the {name}, after {last.tickets:,} tickets",
            own_value=f"{last.bytes_by_process[name] / _BYTES_PER_MB:.0f} MB",
            baseline=f"after {first.tickets:,}",
            baseline_value=f"{first.bytes_by_process[name] / _BYTES_PER_MB:.0f} MB",
            ratio=last.bytes_by_process[name] / first.bytes_by_process[name],
            max_ratio=_MAX_GROWTH,
        )
        for name in last.bytes_by_process
    ]


async def measure_with_gemini(
    stage: BenchEnvironment, report_progress: Callable[[str], None]
) -> list[ComparisonRow]:
    """The rows about a worker that asks Gemini, which has no engine of its own in it."""
    report_progress("memory of a worker that asks Gemini")
    walking = await BenchService.start(stage)
    tickets = await walking.fill_up_to(INITIAL_TICKET_COUNT)
    memory = measure_memory({"worker": walking.workers[0]}, tickets=tickets)
    await walking.stop()
    return memory_rows(memory, {"worker": MAX_MB["worker"]}, worker_mode="asking Gemini")
