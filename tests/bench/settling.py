"""Waiting until all that is to be done for all tickets is done."""

import asyncio
from datetime import UTC, datetime

from tests.bench.stage import Place, Stage

_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
_LOOKS_EVERY_SECONDS = 0.05
_PATIENCE_SECONDS = 300


async def settled(stage: Stage, place: Place) -> bool:
    """Whether nothing is to be done."""
    found = await stage.database(place).tickets.find_one({"due": {"$gte": _LONG_AGO}}, {"_id": 1})
    return found is None


async def settles(stage: Stage, place: Place) -> None:
    """Return when nothing is to be done any more."""
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while not await settled(stage, place):  # noqa: ASYNC110  # MongoDB tells nobody
            await asyncio.sleep(_LOOKS_EVERY_SECONDS)
