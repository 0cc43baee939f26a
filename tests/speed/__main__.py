"""Measures the speed and memory use of the built-in engine; the last part of `make eval`.

A process of its own measures each row, so that the memory of other rows does not count. The texts
are random words with the frequencies of natural language (Zipf's law).
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
from models.ticket_store.documents import ticket_to_document
from models.tickets.ticket import Status, Ticket
from models.triage.result import Category, Priority
from models.triage.similarity import MIN_SIMILARITY
from models.triage.taxonomy import DEFAULT_TAXONOMY, Taxonomy
from models.triage.training_example import TrainingExample
from sandbox.services.database_servers import DatabaseServers
from tests.sample_tickets import make_triage
from tests.service_factory import run_services

_VOCABULARY_SIZE, _MAX_WORDS = 20_000, 60
_EXAMPLE_COUNT = 5000
_QUERY_COUNT = 200
_SOLVED_COUNT = 100_000
_INSERT_BATCH = 250
_TICK_SECONDS, _IDLE_SECONDS = 0.005, 3


def main() -> None:
    """Measure, and print the tables or write them into a page."""
    parser = argparse.ArgumentParser(prog="tests.speed", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--one", type=int, help="measure this number of categories, and print the result as JSON"
    )
    parser.add_argument("--categories", default="10,100,1000", help="numbers of categories")
    parser.add_argument("--into", type=Path, help="page to write the tables into")
    options = parser.parse_args()
    if options.one:
        print(json.dumps(asyncio.run(_measure_engine(options.one))))
        return
    counts = [int(count) for count in options.categories.split(",")]
    _publish_table("eval-speed", "\n".join(_engine_table(counts)), options.into)
    _publish_table("eval-past", "\n".join(asyncio.run(_similarity_table())), options.into)
    _publish_table("eval-run", _machine_text(), options.into)


def _machine_text() -> str:
    """The machine and its load; a high load means that other work disturbed the measurement."""
    load = os.getloadavg()[2]
    return (
        f"Times were measured on {os.cpu_count()} cores with Python {platform.python_version()}. "
        f"The load average over 15 minutes was {load:.1f}, of which the measurement took 1 to 2."
    )


def _publish_table(name: str, table: str, into: Path | None) -> None:
    print(table, flush=True)
    if into:
        # Imported late: these libraries must not count as memory of the measured process.
        from jobs.evaluation.cli import write_table

        write_table(into, name, table)


def _engine_table(counts: list[int]) -> Iterator[str]:
    yield (
        f"| categories, with {_EXAMPLE_COUNT:,} training examples | first answer (s) "
        "| untrained, median (ms) | training (s) | longest loop stall while training (ms) "
        "| longest loop stall when idle (ms) | trained, median (ms) | trained, p95 (ms) "
        "| memory (MB) | memory of the training process (MB) |"
    )
    yield "|" + "---:|" * 10
    for count in counts:
        command = [sys.executable, "-m", "tests.speed", "--one", str(count)]
        process = subprocess.run(  # noqa: S603
            command, check=True, capture_output=True, text=True
        )
        results = json.loads(process.stdout)
        cells = [f"{count:,}", *(f"{value:,.{digits}f}" for value, digits in results)]
        yield f"| {' | '.join(cells)} |"


async def _measure_engine(count: int) -> list[tuple[float, int]]:
    """The cells of a row, each with its number of digits.

    The order is that of a worker's life: the first ticket, training, tickets after it.
    """
    rng = random.Random(count)  # noqa: S311  # the same texts each time
    taxonomy = _make_taxonomy(count, rng)
    examples = [_make_example(number, taxonomy, rng) for number in range(_EXAMPLE_COUNT)]
    tickets = [_make_ticket(number, _random_text(rng)) for number in range(_QUERY_COUNT)]
    started_at = time.perf_counter()
    untrained = await train_model(taxonomy, [])
    _triage_milliseconds(untrained, tickets[:1], taxonomy)
    first_answer_seconds = time.perf_counter() - started_at
    untrained_times = _triage_milliseconds(untrained, tickets, taxonomy)
    stalls: list[float] = []
    recorder = asyncio.create_task(_record_loop_stalls(stalls))
    await asyncio.sleep(_IDLE_SECONDS)
    recorder.cancel()
    longest_idle_stall, stalls = max(stalls), []
    recorder = asyncio.create_task(_record_loop_stalls(stalls))
    started_at = time.perf_counter()
    trained = await train_model(taxonomy, examples)
    training_seconds = time.perf_counter() - started_at
    recorder.cancel()
    trained_times = _triage_milliseconds(trained, tickets, taxonomy)
    memory = (_peak_megabytes(resource.RUSAGE_SELF), _peak_megabytes(resource.RUSAGE_CHILDREN))
    return [
        (first_answer_seconds, 2),
        (untrained_times[_QUERY_COUNT // 2], 1),
        (training_seconds, 1),
        (max(stalls) * 1000, 0),
        (longest_idle_stall * 1000, 0),
        (trained_times[_QUERY_COUNT // 2], 1),
        (trained_times[_QUERY_COUNT * 95 // 100], 1),
        *((megabytes, 0) for megabytes in memory),
    ]


def _peak_megabytes(process: int) -> float:
    """The peak memory of this process (RUSAGE_SELF) or its children (RUSAGE_CHILDREN)."""
    return resource.getrusage(process).ru_maxrss / 1024


async def _record_loop_stalls(stalls: list[float]) -> None:
    """Append how many seconds late the event loop returns from each sleep."""
    while True:
        started_at = time.perf_counter()
        await asyncio.sleep(_TICK_SECONDS)
        stalls.append(time.perf_counter() - started_at - _TICK_SECONDS)


def _triage_milliseconds(
    model: TrainedModel, tickets: list[Ticket], taxonomy: Taxonomy
) -> list[float]:
    """The milliseconds that each triage took, fastest first."""
    times = []
    for ticket in tickets:
        started_at = time.perf_counter()
        keyword_triage = keyword_engine.triage(ticket, taxonomy)
        apply_model(model, keyword_triage, ticket, taxonomy)
        times.append((time.perf_counter() - started_at) * 1000)
    return sorted(times)


async def _similarity_table() -> list[str]:
    """The time to find similar tickets among 100,000 solved ones."""
    rng = random.Random(1)  # noqa: S311  # the same texts each time
    async with AsyncExitStack() as stack:
        servers = await stack.enter_async_context(DatabaseServers())
        # The embedded MongoDB is slow if the driver may retry writes.
        uri = f"{servers.mongodb_uri}/?retryWrites=false"
        services = await stack.enter_async_context(run_services(servers, mongodb_uri=uri))
        for start in range(0, _SOLVED_COUNT, _INSERT_BATCH):
            tickets = [
                _make_solved_ticket(number + 1, _random_text(rng))
                for number in range(start, start + _INSERT_BATCH)
            ]
            await services.database.tickets.insert_many(
                [ticket_to_document(ticket) for ticket in tickets]
            )
            # The solution index keeps the newest tickets of each word, so the last batch is enough.
            for ticket in tickets if start >= _SOLVED_COUNT - _INSERT_BATCH else ():
                await services.solution_index.add(ticket)
        times = []
        for number in range(_QUERY_COUNT):
            ticket = _make_ticket(_SOLVED_COUNT + number + 1, _random_text(rng))
            started_at = time.perf_counter()
            try:
                await services.search.similar_solved_tickets(ticket, min_score=MIN_SIMILARITY)
            except DatabaseUnavailable:
                return ["The database did not answer in five seconds."]
            times.append((time.perf_counter() - started_at) * 1000)
    median, p95 = sorted(times)[_QUERY_COUNT // 2], sorted(times)[_QUERY_COUNT * 95 // 100]
    return [
        "| solved tickets | median (ms) | p95 (ms) |",
        "|---:|---:|---:|",
        f"| {_SOLVED_COUNT:,} | {median:.0f} | {p95:.0f} |",
    ]


def _random_text(rng: random.Random) -> str:
    return " ".join(
        f"word{int(_VOCABULARY_SIZE ** rng.random())}" for _ in range(rng.randint(10, _MAX_WORDS))
    )


def _make_taxonomy(count: int, rng: random.Random) -> Taxonomy:
    categories = tuple(
        Category(
            name=f"Category {number}",
            description=_random_text(rng)[:200],
            keywords=tuple(f"word{int(_VOCABULARY_SIZE ** rng.random())}" for _ in range(12)),
        )
        for number in range(count)
    )
    return Taxonomy(categories=categories, skills=DEFAULT_TAXONOMY.skills)


def _make_example(number: int, taxonomy: Taxonomy, rng: random.Random) -> TrainingExample:
    category = taxonomy.categories[number % len(taxonomy.categories)]
    text = f"{_random_text(rng)} {rng.choice(category.keywords)}"
    return TrainingExample(
        ticket_id=f"T-{number}",
        team_id="T1",
        text=text,
        original_triage=make_triage(category=category.name),
        category=category.name,
        priority=rng.choice(list(Priority)),
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
    solved = {"status": Status.RESOLVED, "solution": "Turned it off and on again."}
    return _make_ticket(number, text).model_copy(update=solved)


if __name__ == "__main__":
    main()
