"""Waits until no step of any ticket is pending."""

import asyncio
from datetime import UTC, datetime

from tests.bench.environment import BenchEnvironment, Deployment

_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
_POLL_SECONDS = 0.05
_MAX_WAIT_SECONDS = 300


async def is_idle(environment: BenchEnvironment, deployment: Deployment) -> bool:
    """Whether no ticket has a due step, now or later."""
    ticket = await environment.database(deployment).tickets.find_one(
        {"due": {"$gte": _LONG_AGO}}, {"_id": 1}
    )
    return ticket is None


async def wait_until_idle(environment: BenchEnvironment, deployment: Deployment) -> None:
    """Wait until no ticket has a due step."""
    async with asyncio.timeout(_MAX_WAIT_SECONDS):
        while not await is_idle(environment, deployment):  # noqa: ASYNC110  # MongoDB announces nothing
            await asyncio.sleep(_POLL_SECONDS)
