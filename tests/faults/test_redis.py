"""Redis hangs, is killed, emptied, full, or written to by others, and no ticket is lost."""

import asyncio
import json
import pickle
from collections.abc import AsyncIterator
from typing import Any

import pytest

from sandbox.world.world import World
from tests.faults.forged_requests import check_final_tickets, fill_in_ticket_form, only_ticket
from tests.faults.invariants import check_invariants
from tests.faults.ticket_lifecycle import ProxiedWorld, claim_ticket, submit_ticket
from tests.stories.test_health_page import run_doctor
from tests.stories.user_actions import receipt_ticket_id


@pytest.fixture
async def restored_world(proxied_world: ProxiedWorld) -> AsyncIterator[ProxiedWorld]:
    """A running world. Redis runs again afterwards."""
    yield proxied_world
    redis = proxied_world.world.servers.redis
    redis.resume()
    if not redis.is_alive:
        await redis.start()
    proxied_world.world.worker.resume()


@pytest.mark.long
@pytest.mark.fault("F07")
@pytest.mark.parametrize("state", ["hanging", "killed", "emptied"])
async def test_ticket_stored_without_redis_is_found_by_the_sweep(
    restored_world: ProxiedWorld, state: str
) -> None:
    world, redis = restored_world.world, restored_world.world.servers.redis
    await fill_in_ticket_form(world.personas.ada)
    if state == "hanging":
        redis.suspend()
    elif state == "killed":
        await redis.kill()
    else:
        world.worker.suspend()

    await world.personas.ada.submit_modal()
    number = receipt_ticket_id(world.personas.ada)
    assert number
    assert "no worker was woken" in world.bot.current_run_log or state == "emptied"

    if state == "hanging":
        redis.resume()
    elif state == "killed":
        await redis.start()
    else:
        await world.redis.flushall()
        world.worker.resume()
    assert await world.personas.bob.wait_for_message("Offered to you", timeout_seconds=20)
    await check_final_tickets(restored_world, number)


@pytest.mark.long
@pytest.mark.fault("F08")
async def test_worker_survives_a_full_redis_and_the_doctor_names_it(
    restored_world: ProxiedWorld,
) -> None:
    world = restored_world.world
    await fill_in_ticket_form(world.personas.ada)
    await world.redis.config_set("maxmemory", 1)
    try:
        await world.personas.ada.submit_modal()
        number = receipt_ticket_id(world.personas.ada)
        await _wait_for_refused_writes(world, times=10)
        code, output = await run_doctor(world)
        assert (code, "Redis is full" in output) == (1, True), output
        assert world.worker.is_alive, world.worker.current_run_log[-1000:]
    finally:
        await world.redis.config_set("maxmemory", 0)

    assert await world.personas.bob.wait_for_message("Offered to you", timeout_seconds=20)
    await check_final_tickets(restored_world, number)


async def _wait_for_refused_writes(world: World, *, times: int) -> None:
    """Wait until Redis has refused this number of writes."""
    async with asyncio.timeout(30):
        while world.worker.is_alive:
            out_of_memory = (await world.redis.info("errorstats")).get("errorstat_OOM", {})
            if out_of_memory.get("count", 0) >= times:
                return
            # Redis does not announce this, so the test polls.
            await asyncio.sleep(0.1)


class PickleExploit:
    """An object that creates a file when it is unpickled."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, tuple[str, str]]:
        return open, (self._path, "w")


def hostile_jobs(world: World, unknown_ticket_id: str, ticket_id: str) -> dict[str, bytes]:
    """The jobs that an attacker with access to Redis would write, by job id."""
    exploit = pickle.dumps(PickleExploit(str(world.folder / "exploded")))
    valid: dict[str, Any] = {
        "t": None,
        "f": "triage_ticket",
        "a": [unknown_ticket_id],
        "k": {},
        "et": 1,
    }
    invalid_jobs: dict[str, dict[str, Any]] = {
        "no ticket": valid,
        "unknown": valid | {"f": "os.system", "a": ["touch exploded"]},
        "dunder": valid | {"f": "__class__"},
        "no name": valid | {"f": ["triage_ticket"]},
        "no list": valid | {"a": 5},
        "no object": valid | {"k": [1]},
        "too many": valid | {"a": [ticket_id, ticket_id]},
        "named": valid | {"k": {"ctx": 1}},
        "no number": valid | {"t": "many"},
        "no time": valid | {"et": "now"},
        "endless": valid | {"et": 1e400},
        "an operator": valid | {"a": [{"$gt": ""}]},
    }
    return {
        "pickled": exploit,
        "garbage": b"\x80\x04\xff\x00",
        "empty": b"{}",
        "deep": b"[" * 200_000,
        "no job": b'"triage_ticket"',
        **{name: json.dumps(job).encode() for name, job in invalid_jobs.items()},
    }


async def _wait_until_queue_is_empty(world: World) -> None:
    """Wait until the worker has removed all hostile jobs from the queue."""
    async with asyncio.timeout(20):
        while world.worker.is_alive:
            if not await world.redis.zrangebyscore("arq:queue", 1, 1):
                return
            # Redis does not announce this, so the test polls.
            await asyncio.sleep(0.1)


@pytest.mark.long
@pytest.mark.fault("F26", "F90")
async def test_hostile_jobs_in_redis_run_no_code_and_delay_nobody(
    proxied_world: ProxiedWorld,
) -> None:
    world = proxied_world.world
    await submit_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()
    ticket_id = (await only_ticket(world))["_id"]
    jobs = hostile_jobs(world, "T-999", ticket_id)
    for name, job in jobs.items():
        await world.redis.set(f"arq:job:{name}", job)
        await world.redis.zadd("arq:queue", {name: 1})
    await world.redis.zadd("arq:queue", {b"\xff\x00": 1})

    await _wait_until_queue_is_empty(world)
    assert world.worker.is_alive, world.worker.current_run_log[-1500:]
    await claim_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()

    assert not (world.folder / "exploded").exists()
    assert [name for name in jobs if await world.redis.exists(f"arq:job:{name}")] == []
    await check_invariants(world)
