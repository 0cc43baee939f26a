"""The memory of bot and worker, idle and after many tickets, compared with their limits."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from sandbox.services.processes import Process
from tests.bench.bench_service import BenchService
from tests.bench.environment import BenchEnvironment
from tests.bench.report import ComparisonRow

# Caches are full after the first number, and all modules are loaded after the second.
WARM_TICKET_COUNT, INITIAL_TICKET_COUNT = 1000, 240
_BYTES_PER_MB = 1_000_000
# The built-in engine is loaded with the first ticket that it triages.
MAX_MB, MAX_MB_WITH_ENGINE = {"bot": 120, "worker": 160}, {"bot": 120, "worker": 280}
_MAX_GROWTH = 1.05


class MemoryUse(NamedTuple):
    """The memory of each process after a number of tickets."""

    tickets: int
    bytes_by_process: Mapping[str, int]


def measure_memory(processes: Mapping[str, Process], *, tickets: int) -> MemoryUse:
    """Measure the memory of the processes now."""
    return MemoryUse(tickets, {name: process.memory_bytes for name, process in processes.items()})


def memory_rows(
    memory: MemoryUse, max_mb: Mapping[str, int], *, worker_mode: str
) -> list[ComparisonRow]:
    """Compare the memory with its limits.

    Args:
        memory: the measured memory.
        max_mb: the limit of each process in megabytes.
        worker_mode: a note about the worker for its label.
    """
    when = f"after {memory.tickets:,} tickets" if memory.tickets else "idle"
    return [
        ComparisonRow(
            label=f"{name} memory, {when}" + (f", {worker_mode}" if name == "worker" else ""),
            own_value=f"{memory.bytes_by_process[name] / _BYTES_PER_MB:.0f} MB",
            baseline="limit",
            baseline_value=f"{limit} MB",
            ratio=memory.bytes_by_process[name] / _BYTES_PER_MB / limit,
            max_ratio=1.0,
        )
        for name, limit in max_mb.items()
    ]


def growth_rows(first: MemoryUse, last: MemoryUse) -> list[ComparisonRow]:
    """Compare the memory with that after the first tickets."""
    return [
        ComparisonRow(
            label=f"{name} memory growth, after {last.tickets:,} tickets",
            own_value=f"{last.bytes_by_process[name] / _BYTES_PER_MB:.0f} MB",
            baseline=f"after {first.tickets:,} tickets",
            baseline_value=f"{first.bytes_by_process[name] / _BYTES_PER_MB:.0f} MB",
            ratio=last.bytes_by_process[name] / first.bytes_by_process[name],
            max_ratio=_MAX_GROWTH,
        )
        for name in last.bytes_by_process
    ]


async def measure_with_gemini(
    environment: BenchEnvironment, report_progress: Callable[[str], None]
) -> list[ComparisonRow]:
    """Measure a worker with Gemini, which does not load the built-in engine."""
    report_progress("memory of a worker with Gemini")
    service = await BenchService.start(environment)
    tickets = await service.fill_up_to(INITIAL_TICKET_COUNT)
    memory = measure_memory({"worker": service.workers[0]}, tickets=tickets)
    await service.stop()
    return memory_rows(memory, {"worker": MAX_MB["worker"]}, worker_mode="with Gemini")
