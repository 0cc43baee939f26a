"""Counts round trips to a Redis server that other clients use, too."""

from collections.abc import Awaitable, Callable

from redis.asyncio import Redis

_ROUNDS = 3


async def count_round_trips(redis: Redis, operation: Callable[[], Awaitable[object]]) -> int:
    """The round trips of an operation: the fewest of three runs, as other clients add to them."""
    counts = []
    for _ in range(_ROUNDS):
        before = await _total_reads(redis)
        await operation()
        # The second INFO is a read, too.
        counts.append(await _total_reads(redis) - before - 1)
    return min(counts)


async def _total_reads(redis: Redis) -> int:
    return int((await redis.info("stats"))["total_reads_processed"])
