"""How much memory bot and worker hold, idle and after many tickets, beside what they may have."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from sandbox.processes import Process
from tests.bench.report import Row
from tests.bench.stage import Stage
from tests.bench.walking import Walking

# Caches are full after so many, and all is loaded after a few.
WARM, A_FEW = 1000, 240
_MEGABYTE = 1_000_000
# The built-in engine is there when the first ticket has been triaged by it.
MOST_MB, MOST_WITH_ENGINE_MB = {"bot": 120, "worker": 160}, {"bot": 120, "worker": 280}
_MOST_GROWTH = 1.05


class Memory(NamedTuple):
    """Bytes that are held, by the name of the process, after so many tickets."""

    tickets: int
    held: Mapping[str, int]


def held(processes: Mapping[str, Process], *, tickets: int) -> Memory:
    """What they hold now."""
    return Memory(tickets, {name: process.memory for name, process in processes.items()})


def rows(memory: Memory, most: Mapping[str, int], *, how: str) -> list[Row]:
    """Beside what they may have.

    Args:
        most: megabytes by name.
        how: what is to be known of the worker.
    """
    when = f"after {memory.tickets:,} tickets" if memory.tickets else "idle"
    return [
        Row(
            what=f"memory of the {name}, {when}" + (f", {how}" if name == "worker" else ""),
            desk=f"{memory.held[name] / _MEGABYTE:.0f} MB",
            against="what it may have",
            other=f"{may} MB",
            ratio=memory.held[name] / _MEGABYTE / may,
            most=1.0,
        )
        for name, may in most.items()
    ]


def growth(first: Memory, last: Memory) -> list[Row]:
    """What they hold, beside what they held after the first tickets."""
    return [
        Row(
            what=f"growth of the {name}, after {last.tickets:,} tickets",
            desk=f"{last.held[name] / _MEGABYTE:.0f} MB",
            against=f"after {first.tickets:,}",
            other=f"{first.held[name] / _MEGABYTE:.0f} MB",
            ratio=last.held[name] / first.held[name],
            most=_MOST_GROWTH,
        )
        for name in last.held
    ]


async def with_gemini(stage: Stage, tell: Callable[[str], None]) -> list[Row]:
    """The rows about a worker that asks Gemini, which has no engine of its own in it."""
    tell("memory of a worker that asks Gemini")
    walking = await Walking.begin(stage)
    tickets = await walking.goes_on_until(A_FEW)
    memory = held({"worker": walking.workers[0]}, tickets=tickets)
    await walking.end()
    return rows(memory, {"worker": MOST_MB["worker"]}, how="asking Gemini")
