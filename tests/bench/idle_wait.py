"""Waiting until all that is to be done for all tickets is done."""

import asyncio
from datetime import UTC, datetime

from tests.bench.environment import BenchEnvironment, Deployment

_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
_POLL_SECONDS = 0.05
_MAX_WAIT_SECONDS = 300


async def is_idle(stage: BenchEnvironment, place: Deployment) -> bool:
    """Whether nothing is to be done."""
    found = await stage.database(place).tickets.find_one({"due": {"$gte": _LONG_AGO}}, {"_id": 1})
    return found is None


async def wait_until_idle(stage: BenchEnvironment, place: Deployment) -> None:
    """Return when nothing is to be done any more."""
    async with asyncio.timeout(_MAX_WAIT_SECONDS):
        while not await is_idle(stage, place):  # noqa: ASYNC110  # MongoDB tells nobody
            await asyncio.sleep(_POLL_SECONDS)
