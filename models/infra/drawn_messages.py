"""The content of messages that bot or worker have just drawn, so that neither draws it again.

The bot draws the card of a pressed button at once, and the worker then draws all cards of the
ticket. Redis forgets the content after some minutes, and a message with unknown content is drawn
again.
"""

import logging
from datetime import timedelta

from redis.asyncio import Redis
from redis.exceptions import RedisError

_REDIS_ERRORS = (RedisError, OSError, TimeoutError)
_MAX_AGE = timedelta(minutes=10)
log = logging.getLogger(__name__)


class DrawnMessages:
    """Remembers the digest of the content that a message shows."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def shows(self, channel: str, ts: str, digest: str) -> bool:
        """Whether the message shows this content for sure.

        Otherwise its content is forgotten: it is unknown until the next call of `remember`.
        """
        try:
            known = await self._redis.getdel(_key(channel, ts))
        except _REDIS_ERRORS as error:
            log.warning("Redis does not say what a message shows, so it is drawn: %r", error)
            return False
        if known is None or known.decode() != digest:
            return False
        await self.remember(channel, ts, digest)
        return True

    async def remember(self, channel: str, ts: str, digest: str) -> None:
        """Remember that the message shows this content."""
        try:
            await self._redis.set(_key(channel, ts), digest, ex=_MAX_AGE)
        except _REDIS_ERRORS as error:
            log.warning("Redis does not store what a message shows: %r", error)


def _key(channel: str, ts: str) -> str:
    return f"drawn:{channel}:{ts}"
