"""How often Redis is asked, though others on the same server ask it, too."""

from collections.abc import Awaitable, Callable

from redis.asyncio import Redis

_ROUNDS = 3


async def count_round_trips(redis: Redis, operation: Callable[[], Awaitable[object]]) -> int:
    """In how many it is done: in the fewest of some rounds, when nobody else has asked."""
    counted = []
    for _ in range(_ROUNDS):
        before = await _total_reads(redis)
        await operation()
        # To look is one more.
        counted.append(await _total_reads(redis) - before - 1)
    return min(counted)


async def _total_reads(redis: Redis) -> int:
    return int((await redis.info("stats"))["total_reads_processed"])
