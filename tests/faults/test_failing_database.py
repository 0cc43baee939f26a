"""MongoDB is slow, stands still, steps down, cuts connections, or has no room left."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from sandbox.wire import Moment
from tests.faults.acts import fails
from tests.faults.invariants import check_invariants
from tests.faults.walking import TITLE, Stage, claims, submits
from tests.stories.acts import leases_end, nothing_pends, receipt_of

# Less than any one question may take, but a click asks several.
SLOW_SECONDS = 1.2
# What a server says that has just become a secondary, and one whose disk is full:
# https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml
NOT_PRIMARY, GOING_DOWN, DISK_FULL = 10107, 91, 14031
WAYS: dict[str, dict[str, Any]] = {
    "steps down": {"errorCode": NOT_PRIMARY},
    "cuts the connection": {"closeConnection": True},
    "has done it all the same": {"writeConcernError": {"code": GOING_DOWN, "errmsg": "going down"}},
}


@pytest.mark.long
@pytest.mark.fault("F30")
async def test_who_presses_a_button_is_answered_in_time(stage: Stage) -> None:
    await submits(stage)
    await stage.settles()
    bob, wire = stage.world.cast.bob, stage.wires["bot"]
    card = await bob.gets_message("Offered to you")
    wire.delay = SLOW_SECONDS

    await bob.clicks(card, "Claim")

    wire.delay = 0
    assert bob.alerts == []
    whisper = await bob.gets_whisper("could not confirm")
    assert "try again" in whisper.says
    await claims(stage)
    await bob.gets_message(TITLE)
    await stage.settles()
    await check_invariants(stage.world)


@pytest.mark.long
@pytest.mark.fault("F30")
@pytest.mark.parametrize("command", ["insert", "update", "findAndModify"])
@pytest.mark.parametrize("how", WAYS)
async def test_mongodb_fails_now_and_then(stage: Stage, command: str, how: str) -> None:
    world = stage.world
    await fails(world, command, times=2, **WAYS[how])
    try:
        await submits(stage)
        await fails(world, command, times=2, **WAYS[how])
        await settles(stage)
        await fails(world, command, times=2, **WAYS[how])
        await claims(stage)
        await settles(stage)
    finally:
        await fails(world, command, times=0)
    await check_invariants(world)


async def settles(stage: Stage) -> None:
    """Who took a step, but does not know it, leaves it until the lease ends."""
    with suppress(TimeoutError):
        async with asyncio.timeout(4):
            await nothing_pends(stage.world)
    await fails(stage.world, "update", times=0)
    await leases_end(stage.world)
    await stage.settles()


@pytest.mark.long
@pytest.mark.fault("F30")
async def test_mongodb_stands_still_in_the_middle_of_a_step(stage: Stage) -> None:
    world, wire = stage.world, stage.wires["worker"]
    frozen = asyncio.Event()

    async def stand_still() -> None:
        world.servers.mongo.freeze()
        frozen.set()

    wire.calls(stand_still, at=12, moment=Moment.BEFORE)
    ada = world.cast.ada
    await ada.types(f"/ticket {TITLE}")
    await ada.submits()
    await frozen.wait()
    # Longer than any question to the database may take.
    await asyncio.sleep(20)
    world.servers.mongo.thaw()

    await world.cast.bob.gets_message("Offered to you", timeout=60)
    await claims(stage)
    await stage.settles()
    await check_invariants(world)


@pytest.mark.long
@pytest.mark.fault("F33")
async def test_a_full_disk_is_said_in_the_form_and_forgotten_with_the_next_press(
    stage: Stage,
) -> None:
    world, ada = stage.world, stage.world.cast.ada
    await ada.types(f"/ticket {TITLE}")
    await fails(world, "insert", "update", "findAndModify", times=1000, errorCode=DISK_FULL)
    try:
        await ada.submits()
        assert ada.modal
        assert "Press Submit again" in ada.modal.errors["Title"]
    finally:
        await fails(world, "insert", times=0)

    await ada.submits()
    assert receipt_of(ada)
    await ada.closes()
    await claims(stage)
    await stage.settles()
    await check_invariants(world)
