"""MongoDB is slow, stands still, steps down, cuts connections, or has no room left."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from sandbox.services.mongodb_proxy import FaultPoint
from tests.faults.invariants import check_invariants
from tests.faults.probes import fail_mongodb_commands
from tests.faults.ticket_lifecycle import TITLE, ProxiedWorld, claim_ticket, submit_ticket
from tests.stories.user_actions import expire_leases, receipt_ticket_id, wait_until_no_pending_steps

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
async def test_who_presses_a_button_is_answered_in_time(proxied_world: ProxiedWorld) -> None:
    await submit_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()
    bob, wire = proxied_world.world.personas.bob, proxied_world.proxies["bot"]
    card = await bob.wait_for_message("Offered to you")
    wire.delay_seconds = SLOW_SECONDS

    await bob.click(card, "Claim")

    wire.delay_seconds = 0
    assert bob.alerts == []
    whisper = await bob.wait_for_ephemeral("could not confirm")
    assert "try again" in whisper.visible_text
    await claim_ticket(proxied_world)
    await bob.wait_for_message(TITLE)
    await proxied_world.wait_until_no_pending_steps()
    await check_invariants(proxied_world.world)


@pytest.mark.long
@pytest.mark.fault("F30")
@pytest.mark.parametrize("command", ["insert", "update", "findAndModify"])
@pytest.mark.parametrize("how", WAYS)
async def test_mongodb_fails_now_and_then(
    proxied_world: ProxiedWorld, command: str, how: str
) -> None:
    world = proxied_world.world
    await fail_mongodb_commands(world, command, times=2, **WAYS[how])
    try:
        await submit_ticket(proxied_world)
        await fail_mongodb_commands(world, command, times=2, **WAYS[how])
        await settles(proxied_world)
        await fail_mongodb_commands(world, command, times=2, **WAYS[how])
        await claim_ticket(proxied_world)
        await settles(proxied_world)
    finally:
        await fail_mongodb_commands(world, command, times=0)
    await check_invariants(world)


async def settles(proxied_world: ProxiedWorld) -> None:
    """Who took a step, but does not know it, leaves it until the lease ends."""
    with suppress(TimeoutError):
        async with asyncio.timeout(4):
            await wait_until_no_pending_steps(proxied_world.world)
    await fail_mongodb_commands(proxied_world.world, "update", times=0)
    await expire_leases(proxied_world.world)
    await proxied_world.wait_until_no_pending_steps()


@pytest.mark.long
@pytest.mark.fault("F30")
async def test_mongodb_stands_still_in_the_middle_of_a_step(proxied_world: ProxiedWorld) -> None:
    world, wire = proxied_world.world, proxied_world.proxies["worker"]
    frozen = asyncio.Event()

    async def stand_still() -> None:
        world.servers.mongodb.suspend()
        frozen.set()

    wire.call_at(stand_still, selector=12, point=FaultPoint.REQUEST)
    ada = world.personas.ada
    await ada.type_text(f"/ticket {TITLE}")
    await ada.submit_modal()
    await frozen.wait()
    # Longer than any question to the database may take.
    await asyncio.sleep(20)
    world.servers.mongodb.resume()

    await world.personas.bob.wait_for_message("Offered to you", timeout_seconds=60)
    await claim_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()
    await check_invariants(world)


@pytest.mark.long
@pytest.mark.fault("F33")
async def test_a_full_disk_is_said_in_the_form_and_forgotten_with_the_next_press(
    proxied_world: ProxiedWorld,
) -> None:
    world, ada = proxied_world.world, proxied_world.world.personas.ada
    await ada.type_text(f"/ticket {TITLE}")
    await fail_mongodb_commands(
        world, "insert", "update", "findAndModify", times=1000, errorCode=DISK_FULL
    )
    try:
        await ada.submit_modal()
        assert ada.modal
        assert "Press Submit again" in ada.modal.errors["Title"]
    finally:
        await fail_mongodb_commands(world, "insert", times=0)

    await ada.submit_modal()
    assert receipt_ticket_id(ada)
    await ada.close_modal()
    await claim_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()
    await check_invariants(world)
