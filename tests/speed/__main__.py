"""`make eval`, last part: how quick the built-in engine is, and how much memory it takes.

Each row is a process of its own, so that its memory is its own. Texts are made of words that are as
unevenly common as words are (Zipf's law); what they say does not matter here.
"""

import argparse
import asyncio
import json
import os
import platform
import random
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

from jobs.learning import Taught, judged, teach
from models import builtin
from models.clock import now
from models.configuration import DEFAULT, Configuration
from models.documents import document_of
from models.errors import Unavailable
from models.lesson import Lesson
from models.similar import ALIKE
from models.ticket import Status, Ticket
from models.triage import Category, Priority
from sandbox.servers import Servers
from tests.desks import desk_on
from tests.models.desk_words import triage

_WORDS, _LONG = 20_000, 60
_LESSONS = 5000
_ASKED = 200
_PAST = 100_000
_BATCH = 250
_TICK, _IDLE = 0.005, 3


def main() -> None:
    """Measure each in a process of its own, and print or write the table."""
    parser = argparse.ArgumentParser(prog="tests.speed", description=__doc__.splitlines()[0])
    parser.add_argument("--one", type=int, help="measure this many categories, as JSON")
    parser.add_argument("--categories", default="10,100,1000")
    parser.add_argument("--into", type=Path)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(asyncio.run(_engine(asked.one))))
        return
    counts = [int(one) for one in asked.categories.split(",")]
    _told("eval-speed", "\n".join(_table(counts)), asked.into)
    _told("eval-past", "\n".join(asyncio.run(_similar())), asked.into)
    _told("eval-run", _machine(), asked.into)


def _machine() -> str:
    """What all of it was measured on; by its load it can be told whether there was other work."""
    load = os.getloadavg()[2]
    return (
        f"Times are of {os.cpu_count()} cores with Python {platform.python_version()}; in the "
        f"last 15 minutes {load:.1f} processes wanted one of them, of which one or two measured."
    )


def _told(name: str, table: str, into: Path | None) -> None:
    print(table, flush=True)
    if into:
        # What a worker loads should not be counted with what this loads.
        from jobs.evaluating import place_table

        place_table(into, name, table)


def _table(counts: list[int]) -> Iterator[str]:
    yield (
        f"| categories, {_LESSONS:,} lessons | first answer in s | cold, ms | learns in s "
        "| loop stalls at most, ms | when idle, ms | taught, ms | 95th of 100, ms | memory, MB "
        "| to learn, MB |"
    )
    yield "|" + "---:|" * 10
    for count in counts:
        words = [sys.executable, "-m", "tests.speed", "--one", str(count)]
        said = subprocess.run(words, check=True, capture_output=True, text=True)  # noqa: S603
        found = json.loads(said.stdout)
        cells = [f"{count:,}", *(f"{value:,.{digits}f}" for value, digits in found)]
        yield f"| {' | '.join(cells)} |"


async def _engine(count: int) -> list[tuple[float, int]]:
    """What a worker goes through: the first ticket, learning beside the loop, tickets after it."""
    chance = random.Random(count)  # noqa: S311  # the same texts each time
    configuration = _configuration(count, chance)
    lessons = [_lesson(at, configuration, chance) for at in range(_LESSONS)]
    tickets = [_ticket(at, _text(chance)) for at in range(_ASKED)]
    began = time.perf_counter()
    cold = await teach(configuration, [])
    _decided(cold, tickets[:1], configuration)
    first = time.perf_counter() - began
    unlearnt = _decided(cold, tickets, configuration)
    stalls: list[float] = []
    ticking = asyncio.create_task(_ticks(stalls))
    await asyncio.sleep(_IDLE)
    ticking.cancel()
    idle, stalls = max(stalls), []
    ticking = asyncio.create_task(_ticks(stalls))
    began = time.perf_counter()
    taught = await teach(configuration, lessons)
    learning = time.perf_counter() - began
    ticking.cancel()
    decided = _decided(taught, tickets, configuration)
    memory = (_megabytes(resource.RUSAGE_SELF), _megabytes(resource.RUSAGE_CHILDREN))
    return [
        (first, 2),
        (unlearnt[_ASKED // 2], 1),
        (learning, 1),
        (max(stalls) * 1000, 0),
        (idle * 1000, 0),
        (decided[_ASKED // 2], 1),
        (decided[_ASKED * 95 // 100], 1),
        *((megabytes, 0) for megabytes in memory),
    ]


def _megabytes(whose: int) -> float:
    """The most memory that this process has had, or one that it had started."""
    return resource.getrusage(whose).ru_maxrss / 1024


async def _ticks(stalls: list[float]) -> None:
    """How much longer than asked the loop takes to come round."""
    while True:
        began = time.perf_counter()
        await asyncio.sleep(_TICK)
        stalls.append(time.perf_counter() - began - _TICK)


def _decided(taught: Taught, tickets: list[Ticket], configuration: Configuration) -> list[float]:
    """Milliseconds that each decision took, the quickest first."""
    took = []
    for ticket in tickets:
        began = time.perf_counter()
        plain = builtin.triage(ticket, configuration, why="")
        judged(taught, plain, ticket, configuration)
        took.append((time.perf_counter() - began) * 1000)
    return sorted(took)


async def _similar() -> list[str]:
    """How long it takes to look for similar tickets among very many."""
    chance = random.Random(1)  # noqa: S311  # the same texts each time
    async with AsyncExitStack() as stack:
        servers = await stack.enter_async_context(Servers())
        # The embedded MongoDB is slow where the driver may repeat writes.
        uri = f"{servers.mongodb_uri}/?retryWrites=false"
        desk = await stack.enter_async_context(desk_on(servers, mongodb_uri=uri))
        for start in range(0, _PAST, _BATCH):
            some = (_solved(at + 1, _text(chance)) for at in range(start, start + _BATCH))
            solved = list(some)
            await desk.database.tickets.insert_many([document_of(one) for one in solved])
            # Of a word the newest tickets are kept, so the last of them are enough.
            for one in solved if start >= _PAST - _BATCH else ():
                await desk.solutions.keep(one)
        took = []
        for at in range(_ASKED):
            ticket = _ticket(_PAST + at + 1, _text(chance))
            began = time.perf_counter()
            try:
                await desk.search.solved_like(ticket, at_least=ALIKE)
            except Unavailable:
                return ["The database did not answer in five seconds."]
            took.append((time.perf_counter() - began) * 1000)
    typical, slow = sorted(took)[_ASKED // 2], sorted(took)[_ASKED * 95 // 100]
    return [
        "| solved tickets | typical, ms | 95th of 100, ms |",
        "|---:|---:|---:|",
        f"| {_PAST:,} | {typical:.0f} | {slow:.0f} |",
    ]


def _text(chance: random.Random) -> str:
    return " ".join(
        f"word{int(_WORDS ** chance.random())}" for _ in range(chance.randint(10, _LONG))
    )


def _configuration(count: int, chance: random.Random) -> Configuration:
    categories = tuple(
        Category(
            name=f"Category {at}",
            description=_text(chance)[:200],
            keywords=tuple(f"word{int(_WORDS ** chance.random())}" for _ in range(12)),
        )
        for at in range(count)
    )
    return Configuration(categories=categories, skills=DEFAULT.skills)


def _lesson(at: int, configuration: Configuration, chance: random.Random) -> Lesson:
    category = configuration.categories[at % len(configuration.categories)]
    text = f"{_text(chance)} {chance.choice(category.keywords)}"
    return Lesson(
        ticket_id=f"T-{at}",
        team_id="T1",
        text=text,
        said=triage(category=category.name),
        category=category.name,
        priority=chance.choice(list(Priority)),
        by="UBOB",
        at=now(),
    )


def _ticket(number: int, text: str) -> Ticket:
    return Ticket(
        id=f"T-{number}",
        team_id="T1",
        key=f"speed-{number}",
        requester="UADA",
        title=text[:100],
        description=text[100:],
        urgency=None,
        confidential=False,
        opened_at=now(),
    )


def _solved(number: int, text: str) -> Ticket:
    known = {"status": Status.RESOLVED, "solution": "Turned it off and on again."}
    return _ticket(number, text).model_copy(update=known)


if __name__ == "__main__":
    main()
