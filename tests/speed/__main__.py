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

from jobs.engines.trained_engine import TrainedModel, apply_model, train_model
from models.clock import utc_now
from models.engine import keyword_engine
from models.errors import DatabaseUnavailable
from models.tickets.documents import ticket_to_document
from models.tickets.ticket import Status, Ticket
from models.triage.result import Category, Priority
from models.triage.similarity import MIN_SIMILARITY
from models.triage.taxonomy import DEFAULT_TAXONOMY, Taxonomy
from models.triage.training_example import TrainingExample
from sandbox.services.database_servers import DatabaseServers
from tests.sample_tickets import make_triage
from tests.service_factory import run_service

_VOCABULARY_SIZE, _MAX_WORDS = 20_000, 60
_EXAMPLE_COUNT = 5000
_QUERY_COUNT = 200
_SOLVED_COUNT = 100_000
_INSERT_BATCH = 250
_TICK_SECONDS, _IDLE_SECONDS = 0.005, 3


def main() -> None:
    """Measure each in a process of its own, and print or write the table."""
    parser = argparse.ArgumentParser(prog="tests.speed", description=__doc__.splitlines()[0])
    parser.add_argument("--one", type=int, help="measure this many categories, as JSON")
    parser.add_argument("--categories", default="10,100,1000")
    parser.add_argument("--into", type=Path)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(asyncio.run(_measure_engine(asked.one))))
        return
    counts = [int(one) for one in asked.categories.split(",")]
    _publish_table("eval-speed", "\n".join(_engine_table(counts)), asked.into)
    _publish_table("eval-past", "\n".join(asyncio.run(_similarity_table())), asked.into)
    _publish_table("eval-run", _machine_text(), asked.into)


def _machine_text() -> str:
    """What all of it was measured on; by its load it can be told whether there was other work."""
    load = os.getloadavg()[2]
    return (
        f"Times are of {os.cpu_count()} cores with Python {platform.python_version()}; in the "
        f"last 15 minutes {load:.1f} processes wanted one of them, of which one or two measured."
    )


def _publish_table(name: str, table: str, into: Path | None) -> None:
    print(table, flush=True)
    if into:
        # What a worker loads should not be counted with what this loads.
        from jobs.evaluation.cli import write_table

        write_table(into, name, table)


def _engine_table(counts: list[int]) -> Iterator[str]:
    yield (
        f"| categories, {_EXAMPLE_COUNT:,} lessons | first answer in s | cold, ms | learns in s "
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


async def _measure_engine(count: int) -> list[tuple[float, int]]:
    """What a worker goes through: the first ticket, learning beside the loop, tickets after it."""
    chance = random.Random(count)  # noqa: S311  # the same texts each time
    configuration = _make_taxonomy(count, chance)
    lessons = [_make_example(at, configuration, chance) for at in range(_EXAMPLE_COUNT)]
    tickets = [_make_ticket(at, _random_text(chance)) for at in range(_QUERY_COUNT)]
    began = time.perf_counter()
    cold = await train_model(configuration, [])
    _triage_milliseconds(cold, tickets[:1], configuration)
    first = time.perf_counter() - began
    unlearnt = _triage_milliseconds(cold, tickets, configuration)
    stalls: list[float] = []
    ticking = asyncio.create_task(_record_loop_stalls(stalls))
    await asyncio.sleep(_IDLE_SECONDS)
    ticking.cancel()
    idle, stalls = max(stalls), []
    ticking = asyncio.create_task(_record_loop_stalls(stalls))
    began = time.perf_counter()
    taught = await train_model(configuration, lessons)
    learning = time.perf_counter() - began
    ticking.cancel()
    decided = _triage_milliseconds(taught, tickets, configuration)
    memory = (_peak_megabytes(resource.RUSAGE_SELF), _peak_megabytes(resource.RUSAGE_CHILDREN))
    return [
        (first, 2),
        (unlearnt[_QUERY_COUNT // 2], 1),
        (learning, 1),
        (max(stalls) * 1000, 0),
        (idle * 1000, 0),
        (decided[_QUERY_COUNT // 2], 1),
        (decided[_QUERY_COUNT * 95 // 100], 1),
        *((megabytes, 0) for megabytes in memory),
    ]


def _peak_megabytes(whose: int) -> float:
    """The most memory that this process has had, or one that it had started."""
    return resource.getrusage(whose).ru_maxrss / 1024


async def _record_loop_stalls(stalls: list[float]) -> None:
    """How much longer than asked the loop takes to come round."""
    while True:
        began = time.perf_counter()
        await asyncio.sleep(_TICK_SECONDS)
        stalls.append(time.perf_counter() - began - _TICK_SECONDS)


def _triage_milliseconds(
    taught: TrainedModel, tickets: list[Ticket], configuration: Taxonomy
) -> list[float]:
    """Milliseconds that each decision took, the quickest first."""
    took = []
    for ticket in tickets:
        began = time.perf_counter()
        plain = keyword_engine.triage(ticket, configuration, why_builtin="")
        apply_model(taught, plain, ticket, configuration)
        took.append((time.perf_counter() - began) * 1000)
    return sorted(took)


async def _similarity_table() -> list[str]:
    """How long it takes to look for similar tickets among very many."""
    chance = random.Random(1)  # noqa: S311  # the same texts each time
    async with AsyncExitStack() as stack:
        servers = await stack.enter_async_context(DatabaseServers())
        # The embedded MongoDB is slow where the driver may repeat writes.
        uri = f"{servers.mongodb_uri}/?retryWrites=false"
        service = await stack.enter_async_context(run_service(servers, mongodb_uri=uri))
        for start in range(0, _SOLVED_COUNT, _INSERT_BATCH):
            some = (
                _make_solved_ticket(at + 1, _random_text(chance))
                for at in range(start, start + _INSERT_BATCH)
            )
            solved = list(some)
            await service.database.tickets.insert_many([ticket_to_document(one) for one in solved])
            # Of a word the newest tickets are kept, so the last of them are enough.
            for one in solved if start >= _SOLVED_COUNT - _INSERT_BATCH else ():
                await service.solution_index.add(one)
        took = []
        for at in range(_QUERY_COUNT):
            ticket = _make_ticket(_SOLVED_COUNT + at + 1, _random_text(chance))
            began = time.perf_counter()
            try:
                await service.search.similar_solved_tickets(ticket, min_score=MIN_SIMILARITY)
            except DatabaseUnavailable:
                return ["The database did not answer in five seconds."]
            took.append((time.perf_counter() - began) * 1000)
    typical, slow = sorted(took)[_QUERY_COUNT // 2], sorted(took)[_QUERY_COUNT * 95 // 100]
    return [
        "| solved tickets | typical, ms | 95th of 100, ms |",
        "|---:|---:|---:|",
        f"| {_SOLVED_COUNT:,} | {typical:.0f} | {slow:.0f} |",
    ]


def _random_text(chance: random.Random) -> str:
    return " ".join(
        f"word{int(_VOCABULARY_SIZE ** chance.random())}"
        for _ in range(chance.randint(10, _MAX_WORDS))
    )


def _make_taxonomy(count: int, chance: random.Random) -> Taxonomy:
    categories = tuple(
        Category(
            name=f"Category {at}",
            description=_random_text(chance)[:200],
            keywords=tuple(f"word{int(_VOCABULARY_SIZE ** chance.random())}" for _ in range(12)),
        )
        for at in range(count)
    )
    return Taxonomy(categories=categories, skills=DEFAULT_TAXONOMY.skills)


def _make_example(at: int, configuration: Taxonomy, chance: random.Random) -> TrainingExample:
    category = configuration.categories[at % len(configuration.categories)]
    text = f"{_random_text(chance)} {chance.choice(category.keywords)}"
    return TrainingExample(
        ticket_id=f"T-{at}",
        team_id="T1",
        text=text,
        original_triage=make_triage(category=category.name),
        category=category.name,
        priority=chance.choice(list(Priority)),
        by="UBOB",
        at=utc_now(),
    )


def _make_ticket(number: int, text: str) -> Ticket:
    return Ticket(
        id=f"T-{number}",
        team_id="T1",
        key=f"speed-{number}",
        requester="UADA",
        title=text[:100],
        description=text[100:],
        urgency=None,
        confidential=False,
        opened_at=utc_now(),
    )


def _make_solved_ticket(number: int, text: str) -> Ticket:
    known = {"status": Status.RESOLVED, "solution": "Turned it off and on again."}
    return _make_ticket(number, text).model_copy(update=known)


if __name__ == "__main__":
    main()
