"""Rings on a real Redis: many go in one round trip, and none undoes another."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import count, islice

import pytest
from arq.constants import default_queue_name, job_key_prefix
from pydantic import SecretStr
from redis.asyncio import Redis

from models.clock import now
from models.queue import Queue, from_bytes
from models.step import Pending, Step
from sandbox.servers import Servers
from tests.models.round_trips import round_trips

NOW = now()


@pytest.fixture
def url(servers: Servers) -> str:
    return servers.new_redis_url()


@pytest.fixture
async def redis(url: str) -> AsyncIterator[Redis]:
    async with Redis.from_url(url) as redis:
        yield redis
        await redis.flushdb()


@pytest.fixture
async def queue(url: str) -> AsyncIterator[Queue]:
    """A queue whose connections are there."""
    queue = Queue.at(SecretStr(url))
    await queue.ping()
    yield queue
    await queue.close()


def entry(step: Step = Step.TRIAGE, *, in_seconds: float = 0) -> Pending:
    return Pending(step=step, asked=0, lease=0, due=NOW + timedelta(seconds=in_seconds))


async def rings(redis: Redis) -> list[str]:
    """The tickets that are rung for, in the order in which a worker takes them."""
    jobs = await redis.zrange(default_queue_name, 0, -1)
    return [job.decode().partition(":")[0] for job in jobs]


async def test_many_rings_go_in_few_round_trips(queue: Queue, redis: Redis) -> None:
    numbers = count()

    async def ring_for_fifty() -> None:
        tickets = [f"T-{number}" for number in islice(numbers, 50)]
        await asyncio.gather(*(queue.ring(ticket, [entry()], now=NOW) for ticket in tickets))

    await queue.ring(f"T-{next(numbers)}", [entry()], now=NOW)
    # The first goes alone and the others together, more of them than are read at once.
    assert await round_trips(redis, ring_for_fifty) <= 1 + 3
    assert set(await rings(redis)) == {f"T-{number}" for number in range(next(numbers))}
    for job in await redis.zrange(default_queue_name, 0, -1):
        written = from_bytes(await redis.get(job_key_prefix + job.decode()))
        assert (written["f"], written["a"]) == ("triage_ticket", [job.decode().partition(":")[0]])


async def test_a_job_that_is_there_already_stays_as_it_is(queue: Queue, redis: Redis) -> None:
    later = entry(in_seconds=60)
    await queue.ring("T-1", [later], now=NOW)
    [[job, due]] = await redis.zrange(default_queue_name, 0, -1, withscores=True)
    written = await redis.get(job_key_prefix + job.decode())

    await queue.ring("T-1", [later], now=NOW + timedelta(seconds=30))

    assert await redis.zrange(default_queue_name, 0, -1, withscores=True) == [(job, due)]
    assert await redis.get(job_key_prefix + job.decode()) == written


async def test_what_has_waited_comes_first_then_clicks_then_new_tickets_then_what_is_not_due(
    queue: Queue, redis: Redis
) -> None:
    await queue.ring("T-later", [entry(in_seconds=60)], now=NOW)
    await queue.ring("T-new", [entry(Step.TRIAGE)], now=NOW)
    await queue.ring("T-clicked", [entry(Step.REFRESH_CARDS)], now=NOW)
    await queue.ring("T-waited", [entry(Step.TRIAGE)], now=NOW, again=True)

    assert await rings(redis) == ["T-waited", "T-clicked", "T-new", "T-later"]


async def test_what_is_dead_is_not_rung_for(queue: Queue, redis: Redis) -> None:
    dead = entry().model_copy(update={"due": None})

    await queue.ring("T-1", [dead, entry(Step.ASSIGN)], now=NOW)

    [job] = await redis.zrange(default_queue_name, 0, -1)
    assert job.decode().startswith("T-1:assign_ticket:")
