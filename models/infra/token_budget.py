"""Token budget: the AI tokens that a workspace uses each day, counted in Redis for all workers.

A worker reserves the possible cost before it sends a request. So concurrent workers do not spend
the same tokens. Days end at midnight UTC on Redis's clock. While Redis is down, requests are
allowed, as in `outbound_calls`: without Redis there is hardly any work.
"""

import asyncio
import logging

from redis.asyncio import Redis
from redis.exceptions import RedisError

REDIS_TIMEOUT_SECONDS = 0.3
_DAY_SECONDS = 86_400
# Reserves tokens unless they exceed the limit. A negative number releases tokens.
_SPEND_SCRIPT = """
local spent, wanted = tonumber(redis.call('GET', KEYS[1])) or 0, tonumber(ARGV[1])
if wanted > 0 and spent + wanted > tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], math.max(spent + wanted, 0), 'KEEPTTL')
if redis.call('TTL', KEYS[1]) < 0 then
  local now, day = tonumber(redis.call('TIME')[1]), tonumber(ARGV[3])
  redis.call('EXPIREAT', KEYS[1], now - now % day + day)
end
return 1
"""
log = logging.getLogger(__name__)


class TokenBudget:
    """Reserves and counts the tokens of a day."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._spend_script = redis.register_script(_SPEND_SCRIPT)

    async def reserve(self, team_id: str, tokens: int, *, daily_limit: int) -> bool:
        """Whether the day has so many tokens left; if so, they are counted as used."""
        return await self._count_tokens(team_id, tokens, daily_limit)

    async def settle(self, team_id: str, *, reserved: int, used: int) -> None:
        """Replace a reservation by the number of tokens that were used."""
        if reserved > used:
            await self._count_tokens(team_id, used - reserved, 0)

    async def _count_tokens(self, team_id: str, tokens: int, daily_limit: int) -> bool:
        try:
            async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
                numbers = [tokens, daily_limit, _DAY_SECONDS]
                return bool(await self._spend_script([f"spent:{team_id}"], numbers))
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("Redis does not count today's tokens: %r", error)
            return True
