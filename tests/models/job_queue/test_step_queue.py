"""Rings on a real Redis: many go in one round trip, and none undoes another."""

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
    """A queue whose connections are there."""
    queue = StepQueue.from_url(SecretStr(redis_url))
    await queue.ping()
    yield queue
    await queue.close()


def entry(step: Step = Step.TRIAGE, *, in_seconds: float = 0) -> PendingStep:
    return PendingStep(step=step, requested_rev=0, lease=0, due=NOW + timedelta(seconds=in_seconds))


async def rings(redis: Redis) -> list[str]:
    """The tickets that are rung for, in the order in which a worker takes them."""
    jobs = await redis.zrange(default_queue_name, 0, -1)
    return [job.decode().partition(":")[0] for job in jobs]


async def test_many_rings_go_in_few_round_trips(queue: StepQueue, redis: Redis) -> None:
    numbers = count()

    async def ring_for_fifty() -> None:
        tickets = [f"T-{number}" for number in islice(numbers, 50)]
        await asyncio.gather(*(queue.enqueue(ticket, [entry()], now=NOW) for ticket in tickets))

    await queue.enqueue(f"T-{next(numbers)}", [entry()], now=NOW)
    # The first goes alone and the others together, more of them than are read at once.
    assert await count_round_trips(redis, ring_for_fifty) <= 1 + 3
    assert set(await rings(redis)) == {f"T-{number}" for number in range(next(numbers))}
    for job in await redis.zrange(default_queue_name, 0, -1):
        written = job_from_bytes(await redis.get(job_key_prefix + job.decode()))
        assert (written["f"], written["a"]) == ("triage_ticket", [job.decode().partition(":")[0]])


async def test_a_job_that_is_there_already_stays_as_it_is(queue: StepQueue, redis: Redis) -> None:
    later = entry(in_seconds=60)
    await queue.enqueue("T-1", [later], now=NOW)
    [[job, due]] = await redis.zrange(default_queue_name, 0, -1, withscores=True)
    written = await redis.get(job_key_prefix + job.decode())

    await queue.enqueue("T-1", [later], now=NOW + timedelta(seconds=30))

    assert await redis.zrange(default_queue_name, 0, -1, withscores=True) == [(job, due)]
    assert await redis.get(job_key_prefix + job.decode()) == written


async def test_what_has_waited_comes_first_then_clicks_then_new_tickets_then_what_is_not_due(
    queue: StepQueue, redis: Redis
) -> None:
    await queue.enqueue("T-later", [entry(in_seconds=60)], now=NOW)
    await queue.enqueue("T-new", [entry(Step.TRIAGE)], now=NOW)
    await queue.enqueue("T-clicked", [entry(Step.REFRESH_CARDS)], now=NOW)
    await queue.enqueue("T-waited", [entry(Step.TRIAGE)], now=NOW, is_retry=True)

    assert await rings(redis) == ["T-waited", "T-clicked", "T-new", "T-later"]


async def test_what_is_dead_is_not_rung_for(queue: StepQueue, redis: Redis) -> None:
    dead = entry().model_copy(update={"due": None})

    await queue.enqueue("T-1", [dead, entry(Step.ASSIGN)], now=NOW)

    [job] = await redis.zrange(default_queue_name, 0, -1)
    assert job.decode().startswith("T-1:assign_ticket:")
