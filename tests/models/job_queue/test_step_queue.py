"""The step queue on a real Redis: batches, order, and jobs that are queued already."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import count, islice

import pytest
from arq.constants import default_queue_name, job_key_prefix
from pydantic import SecretStr
from redis.asyncio import Redis

from models.clock import utc_now
from models.job_queue.step_queue import StepQueue, job_from_bytes
from models.tickets.pending_step import PendingStep, Step
from sandbox.services.database_servers import DatabaseServers
from tests.models.redis_round_trips import count_round_trips

NOW = utc_now()


@pytest.fixture
def redis_url(servers: DatabaseServers) -> str:
    return servers.new_redis_url()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(redis_url) as redis:
        yield redis
        await redis.flushdb()


@pytest.fixture
async def queue(redis_url: str) -> AsyncIterator[StepQueue]:
    queue = StepQueue.from_url(SecretStr(redis_url))
    await queue.ping()
    yield queue
    await queue.close()


def pending_step(step: Step = Step.TRIAGE, *, in_seconds: float = 0) -> PendingStep:
    return PendingStep(step=step, requested_rev=0, lease=0, due=NOW + timedelta(seconds=in_seconds))


async def queued_tickets(redis: Redis) -> list[str]:
    """The ticket ids of the queued jobs, in the order in which a worker takes them."""
    job_ids = await redis.zrange(default_queue_name, 0, -1)
    return [job_id.decode().partition(":")[0] for job_id in job_ids]


async def test_many_jobs_take_few_round_trips(queue: StepQueue, redis: Redis) -> None:
    numbers = count()

    async def enqueue_fifty() -> None:
        ticket_ids = [f"T-{number}" for number in islice(numbers, 50)]
        calls = (queue.enqueue(ticket_id, [pending_step()], now=NOW) for ticket_id in ticket_ids)
        await asyncio.gather(*calls)

    await queue.enqueue(f"T-{next(numbers)}", [pending_step()], now=NOW)
    # The first job goes alone and 49 go together, which Redis reads in up to three parts.
    assert await count_round_trips(redis, enqueue_fifty) <= 1 + 3
    assert set(await queued_tickets(redis)) == {f"T-{number}" for number in range(next(numbers))}
    for key in await redis.zrange(default_queue_name, 0, -1):
        job_id = key.decode()
        job = job_from_bytes(await redis.get(job_key_prefix + job_id))
        assert (job["f"], job["a"]) == ("triage_ticket", [job_id.partition(":")[0]])


async def test_queued_job_is_not_replaced(queue: StepQueue, redis: Redis) -> None:
    later = pending_step(in_seconds=60)
    await queue.enqueue("T-1", [later], now=NOW)
    [[job_id, due]] = await redis.zrange(default_queue_name, 0, -1, withscores=True)
    job = await redis.get(job_key_prefix + job_id.decode())

    await queue.enqueue("T-1", [later], now=NOW + timedelta(seconds=30))

    assert await redis.zrange(default_queue_name, 0, -1, withscores=True) == [(job_id, due)]
    assert await redis.get(job_key_prefix + job_id.decode()) == job


async def test_order_is_retries_then_clicks_then_new_tickets(
    queue: StepQueue, redis: Redis
) -> None:
    await queue.enqueue("T-later", [pending_step(in_seconds=60)], now=NOW)
    await queue.enqueue("T-new", [pending_step(Step.TRIAGE)], now=NOW)
    await queue.enqueue("T-clicked", [pending_step(Step.REFRESH_CARDS)], now=NOW)
    await queue.enqueue("T-retried", [pending_step(Step.TRIAGE)], now=NOW, is_retry=True)

    assert await queued_tickets(redis) == ["T-retried", "T-clicked", "T-new", "T-later"]


async def test_dead_step_is_not_enqueued(queue: StepQueue, redis: Redis) -> None:
    dead = pending_step().model_copy(update={"due": None})

    await queue.enqueue("T-1", [dead, pending_step(Step.ASSIGN)], now=NOW)

    [job_id] = await redis.zrange(default_queue_name, 0, -1)
    assert job_id.decode().startswith("T-1:assign_ticket:")
