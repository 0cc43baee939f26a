"""What is away for minutes comes back, and then all goes on without anybody's help.

These minutes pass at the same time, each in a world of its own.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.faults.outages import OUTAGES, run_outage

pytestmark = [pytest.mark.long, pytest.mark.beside, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
async def running_outages() -> AsyncIterator[dict[str, asyncio.Task[None]]]:
    """The outages, by name; all of them begin now."""
    tasks = {outage.__name__: asyncio.create_task(run_outage(outage)) for outage in OUTAGES}
    yield tasks
    for task in tasks.values():
        task.cancel()
    await asyncio.gather(*tasks.values(), return_exceptions=True)


@pytest.mark.parametrize(
    "outage",
    [
        pytest.param("redis_is_away", marks=pytest.mark.fault("F07", "F24")),
        pytest.param("mongodb_is_away", marks=pytest.mark.fault("F05", "F30")),
        pytest.param("redis_is_emptied", marks=pytest.mark.fault("F23")),
        pytest.param("slack_is_away", marks=pytest.mark.fault("F47")),
    ],
)
async def test_all_goes_on_by_itself_after(
    running_outages: dict[str, asyncio.Task[None]], outage: str
) -> None:
    await running_outages[outage]
