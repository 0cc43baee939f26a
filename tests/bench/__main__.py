"""`make bench`: how fast the desk is, beside what would be the least; into docs/performance.md."""

import argparse
import asyncio
import sys
import time

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from tests.bench import cold_start, database_growth, request_rate, ticket_throughput
from tests.bench.environment import BenchEnvironment
from tests.bench.report import ComparisonRow, render_table, write_report

PARTS = ("doors", "start", "walk", "growth")


def main() -> int:
    """Measure, and write it down; the exit code says whether all bars are met."""
    asked = _parser().parse_args()
    console = Console(stderr=True)
    began = time.monotonic()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        rows, servers = asyncio.run(_run_parts(asked, progress))
    print(render_table(rows))
    if set(asked.only) == set(PARTS):
        write_report(rows, servers=servers, minutes=(time.monotonic() - began) / 60)
    return 0 if all(row.is_within_limit for row in rows) else 1


async def _run_parts(
    asked: argparse.Namespace, progress: Progress
) -> tuple[list[ComparisonRow], str]:
    rows: list[ComparisonRow] = []
    bar = progress.add_task("Starting servers")

    def tell(what: str) -> None:
        progress.update(bar, description=what)
        if not progress.console.is_terminal:
            progress.console.print(what)

    async with BenchEnvironment() as stage:
        servers = " and ".join(stage.servers.program_names)
        if "doors" in asked.only:
            rows += await request_rate.measure(stage, tell)
    if "start" in asked.only:
        async with BenchEnvironment() as stage:
            rows += await cold_start.measure(stage, tell)
    if "walk" in asked.only:
        async with BenchEnvironment() as stage:
            rows += await ticket_throughput.measure(stage, tell, tickets=asked.tickets)
    if "growth" in asked.only:
        async with BenchEnvironment() as stage:
            rows += await database_growth.measure(stage.servers, tell, large_ticket_count=asked.old)
    return rows, servers


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tests.bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument(
        "--tickets", type=int, default=1500, help="after so many tickets memory is looked at"
    )
    parser.add_argument("--old", type=int, default=100_000, help="so many tickets has an old desk")
    return parser


if __name__ == "__main__":
    sys.exit(main())
