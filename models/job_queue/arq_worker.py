"""The arq worker, made resilient to lost connections and to foreign entries in Redis."""

import logging

from arq import worker
from arq.connections import RedisSettings
from pydantic import SecretStr
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError
from redis.exceptions import TimeoutError as RedisTimeoutError

from models.job_queue.step_queue import CONNECTION_ERRORS

log = logging.getLogger(__name__)


def worker_redis_settings(url: SecretStr) -> RedisSettings:
    """Redis settings that make a worker retry, not exit, while Redis is down or full."""
    settings = RedisSettings.from_dsn(url.get_secret_value())
    settings.conn_retries = 600
    settings.retry_on_timeout = True
    settings.retry_on_error = [RedisConnectionError, RedisTimeoutError, OSError, OutOfMemoryError]
    settings.retry = Retry(ExponentialBackoff(cap=1, base=0.05), retries=-1)
    # The command `arq` has no option for another worker class.
    worker.Worker = ResilientWorker  # type: ignore[misc]
    return settings


class ResilientWorker(worker.Worker):
    """A worker that keeps running when a Redis connection is lost where redis-py does not retry.

    This happens between WATCH and the next command, and during the handshake of a new connection;
    arq's own worker exits then.
    """

    async def main(self) -> None:
        """Run jobs; `ctx["is_stopping"]` tells a job whether the worker is shutting down."""
        self.ctx["is_stopping"] = lambda: not self.allow_pick_jobs
        await super().main()

    async def start_jobs(self, job_ids: list[bytes]) -> None:
        """Start these jobs; remove ids that are not UTF-8 from the queue, since arq would exit."""
        foreign_ids = [job_id for job_id in job_ids if not _is_utf8(job_id)]
        if foreign_ids:
            await self.pool.zrem(self.queue_name, *foreign_ids)
            log.error("the worker removed foreign job ids from its queue: %r", foreign_ids)
        try:
            await super().start_jobs([job_id for job_id in job_ids if job_id not in foreign_ids])
        except CONNECTION_ERRORS:
            # arq 0.28 leaks the slot when start_jobs raises (worker.py).
            self.job_counter -= 1
            self.sem.release()
            raise

    async def _poll_iteration(self) -> None:
        try:
            await super()._poll_iteration()
        except CONNECTION_ERRORS as error:
            log.warning("the worker lost its Redis connection and polls again: %r", error)


def _is_utf8(job_id: bytes) -> bool:
    try:
        job_id.decode()
    except UnicodeDecodeError:
        return False
    return True
