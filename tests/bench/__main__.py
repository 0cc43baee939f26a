"""`make bench`: compares Frontdesk with minimal programs, and writes docs/performance.md."""

import argparse
import asyncio
import sys
import time

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from tests.bench import (
    cold_start,
    database_growth,
    long_tickets,
    request_rate,
    ticket_throughput,
)
from tests.bench.environment import BenchEnvironment
from tests.bench.report import ComparisonRow, render_table, write_report

PARTS = ("requests", "start", "tickets", "growth")


def main() -> int:
    """Measure and write the report. The exit code is 0 if all ratios are within their limits."""
    options = _parser().parse_args()
    console = Console(stderr=True)
    started = time.monotonic()
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        rows, servers = asyncio.run(_run_parts(options, progress))
    print(render_table(rows))
    if set(options.only) == set(PARTS):
        write_report(rows, servers=servers, minutes=(time.monotonic() - started) / 60)
    return 0 if all(row.is_within_limit for row in rows) else 1


async def _run_parts(
    options: argparse.Namespace, progress: Progress
) -> tuple[list[ComparisonRow], str]:
    rows: list[ComparisonRow] = []
    bar = progress.add_task("Starting servers")

    def report_progress(description: str) -> None:
        progress.update(bar, description=description)
        if not progress.console.is_terminal:
            progress.console.print(description)

    async with BenchEnvironment() as environment:
        servers = " and ".join(environment.servers.program_names)
        if "requests" in options.only:
            rows += await request_rate.measure(environment, report_progress)
    if "start" in options.only:
        async with BenchEnvironment() as environment:
            rows += await cold_start.measure(environment, report_progress)
    if "tickets" in options.only:
        async with BenchEnvironment() as environment:
            rows += await ticket_throughput.measure(
                environment, report_progress, tickets=options.tickets
            )
    if "growth" in options.only:
        async with BenchEnvironment() as environment:
            rows += await database_growth.measure(
                environment.servers, report_progress, large_ticket_count=options.old
            )
            rows += await long_tickets.measure(environment.servers, report_progress)
    return rows, servers


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tests.bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument(
        "--tickets", type=int, default=1500, help="measure memory after this many tickets"
    )
    parser.add_argument(
        "--old", type=int, default=100_000, help="number of tickets in the large database"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
