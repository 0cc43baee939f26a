"""What is away for minutes comes back, and then all goes on without anybody's help.

These minutes pass beside the other tests: here is only waited for their end.
"""

import asyncio

import pytest

pytestmark = [pytest.mark.long, pytest.mark.beside]


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "outage",
    [
        pytest.param("redis_is_away", marks=pytest.mark.fault("F07", "F24")),
        pytest.param("mongodb_is_away", marks=pytest.mark.fault("F05", "F30")),
        pytest.param("redis_is_emptied", marks=pytest.mark.fault("F23")),
        pytest.param("slack_is_away", marks=pytest.mark.fault("F47")),
        pytest.param("a_crowd_comes", marks=pytest.mark.fault("F46")),
    ],
)
async def test_all_goes_on_by_itself_after(
    outages: dict[str, asyncio.Task[None]], outage: str
) -> None:
    await outages[outage]
