"""After an outage of some minutes, everything recovers without help.

The outages run at the same time, each in its own world.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.faults.outages import OUTAGES, run_outage

pytestmark = [pytest.mark.long, pytest.mark.beside, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
async def running_outages() -> AsyncIterator[dict[str, asyncio.Task[None]]]:
    """The running outages by name. All of them start at once."""
    tasks = {outage.__name__: asyncio.create_task(run_outage(outage)) for outage in OUTAGES}
    yield tasks
    for task in tasks.values():
        task.cancel()
    await asyncio.gather(*tasks.values(), return_exceptions=True)


@pytest.mark.parametrize(
    "outage",
    [
        pytest.param("stop_redis", marks=pytest.mark.fault("F07", "F24")),
        pytest.param("stop_mongodb", marks=pytest.mark.fault("F05", "F30")),
        pytest.param("flush_redis_repeatedly", marks=pytest.mark.fault("F23")),
        pytest.param("fail_all_slack_calls", marks=pytest.mark.fault("F47")),
    ],
)
async def test_everything_recovers_after(
    running_outages: dict[str, asyncio.Task[None]], outage: str
) -> None:
    await running_outages[outage]
