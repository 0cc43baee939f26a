"""The arq worker, made resilient to lost connections and foreign entries in Redis."""

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
    """How a worker holds on to Redis, be it away or full, instead of exiting."""
    settings = RedisSettings.from_dsn(url.get_secret_value())
    settings.conn_retries = 600
    settings.retry_on_timeout = True
    settings.retry_on_error = [RedisConnectionError, RedisTimeoutError, OSError, OutOfMemoryError]
    settings.retry = Retry(ExponentialBackoff(cap=1, base=0.05), retries=-1)
    # The command `arq` takes no other class.
    worker.Worker = ResilientWorker  # type: ignore[misc]
    return settings


class ResilientWorker(worker.Worker):
    """A worker that lives on when Redis goes away at a moment which no setting has tried again.

    Between a WATCH and what follows it, or while a new connection says hello: arq's own ends then.
    """

    async def main(self) -> None:
        """Work; jobs find in their context whether the worker was told to end."""
        self.ctx["ending"] = lambda: not self.allow_pick_jobs
        await super().main()

    async def start_jobs(self, job_ids: list[bytes]) -> None:
        """Start these jobs; what is no job's id is thrown out, since arq would end over it."""
        odd = [job_id for job_id in job_ids if not _is_utf8(job_id)]
        if odd:
            await self.pool.zrem(self.queue_name, *odd)
            log.error("what the desk did not write is thrown out of its queue: %r", odd)
        try:
            await super().start_jobs([job_id for job_id in job_ids if job_id not in odd])
        except CONNECTION_ERRORS:
            # Of the slot that was taken for a job which is not started, nobody else knows.
            self.job_counter -= 1
            self.sem.release()
            raise

    async def _poll_iteration(self) -> None:
        try:
            await super()._poll_iteration()
        except CONNECTION_ERRORS as error:
            log.warning("Redis went away, the worker will look again: %r", error)


def _is_utf8(job_id: bytes) -> bool:
    try:
        job_id.decode()
    except UnicodeDecodeError:
        return False
    return True
