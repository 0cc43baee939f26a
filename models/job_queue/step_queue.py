"""Redis, by way of arq: the bell that wakes a worker for a step. The database is the to-do list.

A ring may be lost, late or repeated; the sweep rings again for whatever is still due. Its id names
the very state of the step it rings for (last lease, due time), since arq drops a ring whose id is
running, orphaned or queued. Its argument is an id only. Jobs are JSON: arq's default is pickle,
with which anybody who can write to Redis runs code in the worker.
"""

import asyncio
import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from arq.connections import ArqRedis
from arq.constants import default_queue_name, health_check_key_suffix, job_key_prefix
from arq.jobs import ResultNotFound, SerializationError, serialize_job
from arq.utils import timestamp_ms
from pydantic import SecretStr
from redis.exceptions import RedisError

from models.errors import DatabaseUnavailable
from models.infra.batching import Batcher
from models.infra.metrics import ENQUEUE_FAILURES
from models.tickets.pending_step import BACKGROUND_STEPS, PendingStep

REDIS_TIMEOUT_SECONDS = 0.5
# The database's clock and arq's may differ a little; a ring that comes too early is wasted.
_CLOCK_MARGIN_SECONDS = 0.05
# arq compares the clock of who rings with that of who works: what is due now must be due on any.
_PRIORITY_OFFSET_SECONDS = -600
_JOB_TTL_SECONDS = 86_400
_MAX_BATCH = 100
_STATUS_TIMEOUT_SECONDS = 2
# A worker writes it every few seconds, and it is gone soon after the last one.
_HEARTBEAT_KEY = default_queue_name + health_check_key_suffix
CONNECTION_ERRORS = (RedisError, OSError, TimeoutError)
# What arq writes of a job: its try, function, arguments, and the time.
_JOB_FIELD_TYPES = {"t": int | None, "f": str, "a": list, "k": dict, "et": int}
log = logging.getLogger(__name__)


def job_to_bytes(job: dict[str, Any]) -> bytes:
    """How a job is written into Redis."""
    # arq also writes down with what a job has failed, and that is an exception.
    return json.dumps(job, default=repr).encode()


def job_from_bytes(raw: bytes) -> dict[str, Any]:
    """How a job is read from Redis; raises ValueError for what the desk did not write."""
    job = json.loads(raw)
    # arq ends the whole worker over a job whose parts are not what it writes itself.
    if not isinstance(job, dict) or any(
        not isinstance(job.get(part), kind) for part, kind in _JOB_FIELD_TYPES.items()
    ):
        raise ValueError("this is no job")
    return job


@dataclass(frozen=True, slots=True)
class _StepJob:
    """One job of arq's: how many seconds from now it is due, and for how many it is kept."""

    job_id: str
    function: str
    ticket_id: str
    delay_seconds: float
    ttl_seconds: float


class StepQueue:
    """Rings for steps; a ring that fails is logged and left to the sweep."""

    def __init__(self, pool: ArqRedis) -> None:
        self._pool = pool
        self._batcher = Batcher(self._enqueue_batch, max_batch=_MAX_BATCH)

    @classmethod
    def from_url(cls, url: SecretStr) -> Self:
        """A queue on that Redis; it connects with the first ring, so Redis may be away now."""
        pool = ArqRedis.from_url(
            url.get_secret_value(),
            socket_timeout=REDIS_TIMEOUT_SECONDS,
            socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
        )
        pool.job_serializer = job_to_bytes
        pool.job_deserializer = job_from_bytes
        return cls(pool)

    async def close(self) -> None:
        """Close the connections."""
        await self._pool.aclose()

    async def ping(self) -> None:
        """Raise Unavailable unless Redis answers."""
        try:
            async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
                await self._pool.ping()
        except CONNECTION_ERRORS as error:
            raise DatabaseUnavailable("Redis does not answer.") from error

    async def redis_status(self) -> tuple[str, str, bool, bool]:
        """Redis's version, what it does when it is full, whether it is, and if a worker is alive.

        Raises:
            Unavailable: Redis does not answer.
        """
        try:
            async with asyncio.timeout(_STATUS_TIMEOUT_SECONDS):
                about = await self._pool.info()
                heartbeat = await self._pool.exists(_HEARTBEAT_KEY)
        except CONNECTION_ERRORS as error:
            raise DatabaseUnavailable("Redis does not answer.") from error
        full = 0 < about["maxmemory"] <= about["used_memory"]
        return about["redis_version"], about["maxmemory_policy"], full, bool(heartbeat)

    async def call_worker(self, function: str, *arguments: str, timeout_seconds: float) -> Any:
        """What a worker answers; None when there is none, or Redis is away.

        Args:
            about: what is asked about. It is in Redis until then, and goes by itself.
        """
        try:
            async with asyncio.timeout(timeout_seconds):
                job = await self._pool.enqueue_job(
                    # A person waits for it: it comes before what is rung for.
                    function,
                    *arguments,
                    _defer_by=_PRIORITY_OFFSET_SECONDS * 3,
                    _expires=timeout_seconds,
                )
                return await job.result(poll_delay=_CLOCK_MARGIN_SECONDS) if job else None
        except (*CONNECTION_ERRORS, ResultNotFound, SerializationError) as error:
            log.warning("no worker answered %s: %r", function, error)
            return None

    async def enqueue(
        self,
        ticket_id: str,
        pending_steps: Iterable[PendingStep],
        *,
        now: datetime,
        is_retry: bool = False,
    ) -> None:
        """Wake a worker for each of these steps, at the time it is due; dead ones are left out.

        Args:
            again: the first ring was not heard; it may be there still, for a clock that is behind.
        """
        kind = "again" if is_retry else "first"
        rings = [
            _to_step_job(ticket_id, entry, entry.due - now, kind)
            for entry in pending_steps
            if entry.due
        ]
        if not rings:
            return
        try:
            async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
                await self._batcher(rings)
        except CONNECTION_ERRORS as error:
            log.warning("%s: the ring failed, the sweep will find it: %r", ticket_id, error)
            ENQUEUE_FAILURES.inc()

    async def _enqueue_batch(self, jobs_by_ticket: list[list[_StepJob]]) -> list[Exception | None]:
        """What arq's `enqueue_job` does, for many at once: a job that there is already stays."""
        now = timestamp_ms()
        rings = [ring for rings in jobs_by_ticket for ring in rings]
        async with self._pool.pipeline(transaction=False) as pipe:
            for ring in rings:
                args = (ring.ticket_id,)
                job = serialize_job(ring.function, args, {}, None, now, serializer=job_to_bytes)
                pipe.set(
                    job_key_prefix + ring.job_id, job, px=int(ring.ttl_seconds * 1000), nx=True
                )
            due = {ring.job_id: now + int(ring.delay_seconds * 1000) for ring in rings}
            pipe.zadd(default_queue_name, due, nx=True)
            await pipe.execute()
        return [None] * len(jobs_by_ticket)


def _to_step_job(
    ticket_id: str, pending_step: PendingStep, delay: timedelta, id_suffix: str
) -> _StepJob:
    wait = delay.total_seconds()
    # What has waited for so long that it is rung for again comes before what has just come,
    # and what follows from a click before the crowd's new tickets.
    ago = _PRIORITY_OFFSET_SECONDS * (
        3 if id_suffix == "again" else 1 if pending_step.step in BACKGROUND_STEPS else 2
    )
    return _StepJob(
        job_id=f"{ticket_id}:{pending_step.step.value}:{pending_step.lease}:{pending_step.due:%H%M%S%f}:{id_suffix}",
        function=pending_step.step.value,
        ticket_id=ticket_id,
        delay_seconds=wait + _CLOCK_MARGIN_SECONDS if wait > 0 else ago,
        ttl_seconds=_JOB_TTL_SECONDS + max(wait, 0),
    )
