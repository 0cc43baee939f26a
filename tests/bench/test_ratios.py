"""What the desk costs, beside what would be the least, in one short run; `make bench` takes longer.

The bounds are wider than the bench's, so that a busy machine is no failure, and far from what the
desk cost before somebody looked (docs/performance.md).
"""

from collections.abc import AsyncIterator

import pytest

from tests.bench import request_rate
from tests.bench.call_recording import record_ticket
from tests.bench.environment import BenchEnvironment
from tests.bench.ticket_throughput import FIRST_MEASURED_CALLS

LENGTH = request_rate.RoundPlan(rounds=5, requests=96, include_javascript=False)
LEAST = {
    "`/ticket` answered, a second": 0.5,
    "a form answered and stored, a second": 0.4,
    "badly signed, refused, a second": 1.25,
}


@pytest.fixture
async def environment() -> AsyncIterator[BenchEnvironment]:
    """Servers and stand-ins that nobody else uses."""
    async with BenchEnvironment() as stage:
        yield stage


async def test_answers_come_about_as_fast_as_a_bare_handlers(environment: BenchEnvironment) -> None:
    rows = await request_rate.measure(environment, lambda _: None, LENGTH)

    ratios = {row.label: row.ratio for row in rows if row.label in LEAST}
    assert ratios.keys() == LEAST.keys()
    assert {what: ratio for what, ratio in ratios.items() if ratio < LEAST[what]} == {}


async def test_a_ticket_asks_little_of_mongodb(environment: BenchEnvironment) -> None:
    recorded = await record_ticket(environment)

    asked = recorded.count_mongo_commands()
    assert asked["insert"] == 1
    assert asked.total() / FIRST_MEASURED_CALLS < 0.36, asked
