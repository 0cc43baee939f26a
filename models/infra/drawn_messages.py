"""The content of messages that bot or worker have just drawn, so that neither draws it again.

The bot draws the card of a pressed button at once, and the worker then draws all cards of the
ticket. The content is only known if no two processes have drawn the message at the same time:
Slack may have applied their calls in either order. A message with unknown content is drawn again.
"""

import logging
from datetime import timedelta
from uuid import uuid4

from redis.asyncio import Redis
from redis.exceptions import RedisError

_REDIS_ERRORS = (RedisError, OSError, TimeoutError)
_MAX_AGE = timedelta(minutes=10)
# No call takes longer: models/services.py gives each one a time limit.
_MAX_DRAWING_TIME = timedelta(seconds=20)
_DRAWING, _OVERLAPPING = "drawing:", "overlapping"
# Stores the content, unless another process has begun to draw the message meanwhile.
_STORE_SCRIPT = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
end
"""
log = logging.getLogger(__name__)


class DrawnMessages:
    """Remembers the digest of the content that a message shows."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._store_script = redis.register_script(_STORE_SCRIPT)

    async def begin(self, channel: str, ts: str, digest: str) -> str | None:
        """Begin to draw the message; None if it shows this content already.

        Returns:
            The token for `end`.
        """
        key, token = _key(channel, ts), f"{_DRAWING}{uuid4().hex}"
        try:
            before = await self._redis.set(key, token, ex=_MAX_DRAWING_TIME, get=True)
            known = before.decode() if before else ""
            if known == digest:
                await self._redis.set(key, digest, ex=_MAX_AGE)
                return None
            if known == _OVERLAPPING or known.startswith(_DRAWING):
                await self._redis.set(key, _OVERLAPPING, ex=_MAX_DRAWING_TIME)
        except _REDIS_ERRORS as error:
            log.warning("Redis does not say what a message shows, so it is drawn: %r", error)
        return token

    async def end(self, channel: str, ts: str, digest: str, *, token: str) -> None:
        """Remember that the message shows this content now."""
        try:
            seconds = int(_MAX_AGE.total_seconds())
            await self._store_script([_key(channel, ts)], [token, digest, seconds])
        except _REDIS_ERRORS as error:
            log.warning("Redis does not store what a message shows: %r", error)


def _key(channel: str, ts: str) -> str:
    return f"drawn:{channel}:{ts}"
