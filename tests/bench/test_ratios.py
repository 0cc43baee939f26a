"""A short version of `make bench` with wider limits, as part of the tests.

A busy machine does not break these limits. Frontdesk before its first optimisation would
(docs/performance.md).
"""

from collections.abc import AsyncIterator

import pytest

from tests.bench import request_rate
from tests.bench.call_recording import record_ticket
from tests.bench.environment import BenchEnvironment
from tests.bench.ticket_throughput import FIRST_MEASURED_CALLS

PLAN = request_rate.RoundPlan(rounds=5, requests=96, include_javascript=False)
MIN_RATIOS = {
    "`/ticket`: answers per second": 0.5,
    "submitted form: answers per second": 0.4,
    "invalid signature, refused: answers per second": 1.25,
}


@pytest.fixture
async def environment() -> AsyncIterator[BenchEnvironment]:
    """Servers and stand-ins of this test alone."""
    async with BenchEnvironment() as environment:
        yield environment


async def test_bot_is_about_as_fast_as_a_minimal_app(environment: BenchEnvironment) -> None:
    rows = await request_rate.measure(environment, lambda _: None, PLAN)

    ratios = {row.label: row.ratio for row in rows if row.label in MIN_RATIOS}
    assert ratios.keys() == MIN_RATIOS.keys()
    assert {label: ratio for label, ratio in ratios.items() if ratio < MIN_RATIOS[label]} == {}


async def test_ticket_needs_few_mongodb_commands(environment: BenchEnvironment) -> None:
    recording = await record_ticket(environment)

    counts = recording.count_mongo_commands()
    assert counts["insert"] == 1
    assert counts.total() / FIRST_MEASURED_CALLS < 0.36, counts
