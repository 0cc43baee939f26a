"""The step queue (arq on Redis), which wakes a worker for a step. MongoDB is the to-do list.

A job may be lost, late or repeated; the sweep enqueues every step again that is still due. arq
drops a job whose id is queued, running or orphaned, so a job id names the state of its step (last
lease and due time). The only argument is a ticket id. Jobs are JSON: arq's default is pickle, which
lets anybody who can write to Redis run code in the worker.
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
# The clocks of MongoDB and arq may differ a little, and a job that runs too early is wasted.
_CLOCK_MARGIN_SECONDS = 0.05
# arq compares the clocks of two machines, so a step that is due now is dated ten minutes back.
_PRIORITY_OFFSET_SECONDS = -600
_JOB_TTL_SECONDS = 86_400
_MAX_BATCH = 100
_STATUS_TIMEOUT_SECONDS = 2
# Each worker writes this key every few seconds; it expires soon after the last worker stops.
_HEARTBEAT_KEY = default_queue_name + health_check_key_suffix
CONNECTION_ERRORS = (RedisError, OSError, TimeoutError)
# The fields that arq writes for a job: try, function, arguments, keyword arguments, enqueue time.
_JOB_FIELD_TYPES = {"t": int | None, "f": str, "a": list, "k": dict, "et": int}
log = logging.getLogger(__name__)


def job_to_bytes(job: dict[str, Any]) -> bytes:
    """The job as it is written to Redis."""
    # `repr`, because arq also stores the exception of a failed job.
    return json.dumps(job, default=repr).encode()


def job_from_bytes(raw: bytes) -> dict[str, Any]:
    """The job in these bytes; raises ValueError if they are not a job that Frontdesk wrote."""
    job = json.loads(raw)
    # arq exits on a job whose fields do not have the types that it writes itself.
    if not isinstance(job, dict) or any(
        not isinstance(job.get(field), field_type) for field, field_type in _JOB_FIELD_TYPES.items()
    ):
        raise ValueError("this is not a job")
    return job


@dataclass(frozen=True, slots=True)
class _StepJob:
    """An arq job, its delay from now, and how long Redis keeps it."""

    job_id: str
    function: str
    ticket_id: str
    delay_seconds: float
    ttl_seconds: float


class StepQueue:
    """Enqueues steps; a failure is logged, and the sweep enqueues the step later."""

    def __init__(self, pool: ArqRedis) -> None:
        self._pool = pool
        self._batcher = Batcher(self._enqueue_batch, max_batch=_MAX_BATCH)

    @classmethod
    def from_url(cls, url: SecretStr) -> Self:
        """A queue on this Redis; it connects with the first job, so Redis may be down now."""
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
        """Raise DatabaseUnavailable unless Redis answers."""
        try:
            async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
                await self._pool.ping()
        except CONNECTION_ERRORS as error:
            raise DatabaseUnavailable("Redis does not answer.") from error

    async def redis_status(self) -> tuple[str, str, bool, bool]:
        """Redis's version and eviction policy, whether it is full, and whether a worker is running.

        Raises:
            DatabaseUnavailable: Redis does not answer.
        """
        try:
            async with asyncio.timeout(_STATUS_TIMEOUT_SECONDS):
                info = await self._pool.info()
                heartbeat = await self._pool.exists(_HEARTBEAT_KEY)
        except CONNECTION_ERRORS as error:
            raise DatabaseUnavailable("Redis does not answer.") from error
        is_full = 0 < info["maxmemory"] <= info["used_memory"]
        return info["redis_version"], info["maxmemory_policy"], is_full, bool(heartbeat)

    async def call_worker(self, function: str, *arguments: str, timeout_seconds: float) -> Any:
        """The result of a worker's function; None when no worker answers in time or Redis is down.

        Args:
            arguments: the function's arguments; they expire in Redis with the timeout.
        """
        try:
            async with asyncio.timeout(timeout_seconds):
                job = await self._pool.enqueue_job(
                    # A person waits for the result, so this job comes before steps.
                    function,
                    *arguments,
                    _defer_by=_PRIORITY_OFFSET_SECONDS * 3,
                    _expires=timeout_seconds,
                )
                return await job.result(poll_delay=_CLOCK_MARGIN_SECONDS) if job else None
        except (*CONNECTION_ERRORS, ResultNotFound, SerializationError) as error:
            log.warning("no worker answered the call of %s: %r", function, error)
            return None

    async def enqueue(
        self,
        ticket_id: str,
        pending_steps: Iterable[PendingStep],
        *,
        now: datetime,
        is_retry: bool = False,
    ) -> None:
        """Wake a worker for each of these steps when it is due; dead steps are skipped.

        Args:
            is_retry: whether the sweep enqueues a step that no worker has taken. The job gets
                another id, since the first one may still be queued for a machine with a late clock.
        """
        id_suffix = "again" if is_retry else "first"
        jobs = [
            _to_step_job(ticket_id, entry, entry.due - now, id_suffix)
            for entry in pending_steps
            if entry.due
        ]
        if not jobs:
            return
        try:
            async with asyncio.timeout(REDIS_TIMEOUT_SECONDS):
                await self._batcher(jobs)
        except CONNECTION_ERRORS as error:
            log.warning(
                "%s: no worker was woken, the sweep will find the step: %r", ticket_id, error
            )
            ENQUEUE_FAILURES.inc()

    async def _enqueue_batch(self, jobs_by_ticket: list[list[_StepJob]]) -> list[Exception | None]:
        # arq's `enqueue_job`, for many jobs in one round trip. `nx` keeps a job that is queued.
        now = timestamp_ms()
        jobs = [job for ticket_jobs in jobs_by_ticket for job in ticket_jobs]
        async with self._pool.pipeline(transaction=False) as pipe:
            for job in jobs:
                args = (job.ticket_id,)
                payload = serialize_job(job.function, args, {}, None, now, serializer=job_to_bytes)
                pipe.set(
                    job_key_prefix + job.job_id, payload, px=int(job.ttl_seconds * 1000), nx=True
                )
            due_times = {job.job_id: now + int(job.delay_seconds * 1000) for job in jobs}
            pipe.zadd(default_queue_name, due_times, nx=True)
            await pipe.execute()
        return [None] * len(jobs_by_ticket)


def _to_step_job(
    ticket_id: str, pending_step: PendingStep, delay: timedelta, id_suffix: str
) -> _StepJob:
    delay_seconds = delay.total_seconds()
    # Steps that the sweep enqueues again come first, then steps that follow a click. Background
    # steps, such as the triage of new tickets, come last.
    priority_offset_seconds = _PRIORITY_OFFSET_SECONDS * (
        3 if id_suffix == "again" else 1 if pending_step.step in BACKGROUND_STEPS else 2
    )
    return _StepJob(
        job_id=f"{ticket_id}:{pending_step.step.value}:{pending_step.lease}:{pending_step.due:%H%M%S%f}:{id_suffix}",
        function=pending_step.step.value,
        ticket_id=ticket_id,
        delay_seconds=(
            delay_seconds + _CLOCK_MARGIN_SECONDS if delay_seconds > 0 else priority_offset_seconds
        ),
        ttl_seconds=_JOB_TTL_SECONDS + max(delay_seconds, 0),
    )
