"""The rate limit of API tokens, counted in Redis for all bots together.

While Redis is down, every call is allowed, as in `models.infra.outbound_calls`.
"""

import asyncio
import logging

from redis.asyncio import Redis
from redis.exceptions import RedisError

REDIS_TIMEOUT_SECONDS = 0.3
# A token may make so many calls in a window of so many seconds.
_MAX_CALLS, _WINDOW_SECONDS = 240, 60
log = logging.getLogger(__name__)


class ApiRateLimit:
    """Counts the calls of each token in fixed windows."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def retry_after_seconds(self, token_id: str) -> int:
        """Seconds until the token may call again; 0 if it may call now."""
        key = f"gate:token:{token_id}"
        try:
            async with asyncio.timeout(REDIS_TIMEOUT_SECONDS), self._redis.pipeline() as pipe:
                pipe.set(key, 0, ex=_WINDOW_SECONDS, nx=True)
                pipe.incr(key)
                pipe.ttl(key)
                _, calls, seconds_left = await pipe.execute()
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("Redis does not count the calls of an API token: %r", error)
            return 0
        return max(1, int(seconds_left)) if calls > _MAX_CALLS else 0
