"""Redis may be frozen, dead, emptied, full, or written to by others: no ticket is lost by it."""

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
    """The running desk; Redis runs again afterwards."""
    yield proxied_world
    redis = proxied_world.world.servers.redis
    redis.resume()
    if not redis.is_alive:
        await redis.start()
    proxied_world.world.worker.resume()


@pytest.mark.long
@pytest.mark.fault("F07")
@pytest.mark.parametrize("how", ["frozen", "dead", "emptied"])
async def test_a_ticket_stored_without_redis_is_found_by_the_sweep(
    restored_world: ProxiedWorld, how: str
) -> None:
    world, redis = restored_world.world, restored_world.world.servers.redis
    await fill_in_ticket_form(world.personas.ada)
    if how == "frozen":
        redis.suspend()
    elif how == "dead":
        await redis.kill()
    else:
        world.worker.suspend()

    await world.personas.ada.submit_modal()
    number = receipt_ticket_id(world.personas.ada)
    assert number
    assert "no worker was woken" in world.bot.current_run_log or how == "emptied"

    if how == "frozen":
        redis.resume()
    elif how == "dead":
        await redis.start()
    else:
        await world.redis.flushall()
        world.worker.resume()
    assert await world.personas.bob.wait_for_message("Offered to you", timeout_seconds=20)
    await check_final_tickets(restored_world, number)


@pytest.mark.long
@pytest.mark.fault("F08")
async def test_a_full_redis_is_as_good_as_none_and_the_worker_lives(
    restored_world: ProxiedWorld,
) -> None:
    world = restored_world.world
    await fill_in_ticket_form(world.personas.ada)
    await world.redis.config_set("maxmemory", 1)
    try:
        await world.personas.ada.submit_modal()
        number = receipt_ticket_id(world.personas.ada)
        await _redis_has_refused(world, times=10)
        code, said = await run_doctor(world)
        assert (code, "Redis is full" in said) == (1, True), said
        assert world.worker.is_alive, world.worker.current_run_log[-1000:]
    finally:
        await world.redis.config_set("maxmemory", 0)

    assert await world.personas.bob.wait_for_message("Offered to you", timeout_seconds=20)
    await check_final_tickets(restored_world, number)


async def _redis_has_refused(world: World, *, times: int) -> None:
    """Wait until the worker has tried so often to write."""
    async with asyncio.timeout(30):
        while world.worker.is_alive:
            refused = (await world.redis.info("errorstats")).get("errorstat_OOM", {})
            if refused.get("count", 0) >= times:
                return
            # It can only be asked.
            await asyncio.sleep(0.1)


class PickleExploit:
    """Whoever unpickles it has run a command."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, tuple[str, str]]:
        return open, (self._path, "w")


def jobs(world: World, gone: str, mine: str) -> dict[str, bytes]:
    """What somebody who can write into Redis would write there, by job id."""
    bomb = pickle.dumps(PickleExploit(str(world.folder / "exploded")))
    good: dict[str, Any] = {"t": None, "f": "triage_ticket", "a": [gone], "k": {}, "et": 1}
    strange: dict[str, dict[str, Any]] = {
        "of nothing": good,
        "unknown": good | {"f": "os.system", "a": ["touch exploded"]},
        "dunder": good | {"f": "__class__"},
        "no name": good | {"f": ["triage_ticket"]},
        "no list": good | {"a": 5},
        "no object": good | {"k": [1]},
        "too many": good | {"a": [mine, mine]},
        "named": good | {"k": {"ctx": 1}},
        "no number": good | {"t": "many"},
        "no time": good | {"et": "now"},
        "endless": good | {"et": 1e400},
        "an operator": good | {"a": [{"$gt": ""}]},
    }
    return {
        "pickled": bomb,
        "garbage": b"\x80\x04\xff\x00",
        "empty": b"{}",
        "deep": b"[" * 200_000,
        "no job": b'"triage_ticket"',
        **{name: json.dumps(job).encode() for name, job in strange.items()},
    }


async def _all_are_taken(world: World) -> None:
    """Wait until the worker has dealt with what was written for it."""
    async with asyncio.timeout(20):
        while world.worker.is_alive:
            if not await world.redis.zrangebyscore("arq:queue", 1, 1):
                return
            # It can only be asked.
            await asyncio.sleep(0.1)


@pytest.mark.long
@pytest.mark.fault("F26", "F90")
async def test_what_somebody_writes_into_redis_runs_no_code_and_holds_nobody_up(
    proxied_world: ProxiedWorld,
) -> None:
    world = proxied_world.world
    await submit_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()
    mine = (await only_ticket(world))["_id"]
    written = jobs(world, "T-999", mine)
    for name, job in written.items():
        await world.redis.set(f"arq:job:{name}", job)
        await world.redis.zadd("arq:queue", {name: 1})
    await world.redis.zadd("arq:queue", {b"\xff\x00": 1})

    await _all_are_taken(world)
    assert world.worker.is_alive, world.worker.current_run_log[-1500:]
    await claim_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()

    assert not (world.folder / "exploded").exists()
    assert [name for name in written if await world.redis.exists(f"arq:job:{name}")] == []
    await check_invariants(world)
