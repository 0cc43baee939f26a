"""MongoDB is slow, hangs, steps down, cuts connections, or its disk is full."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from sandbox.services.mongodb_proxy import FaultPoint
from tests.faults.invariants import check_invariants
from tests.faults.probes import fail_mongodb_commands
from tests.faults.ticket_lifecycle import TITLE, ProxiedWorld, claim_ticket, submit_ticket
from tests.stories.user_actions import expire_leases, receipt_ticket_id, wait_until_no_pending_steps

# Less than the timeout of one command, but a click needs several commands.
SLOW_SECONDS = 1.2
# Error codes of a server that has become a secondary, shuts down, or has a full disk:
# https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml
NOT_PRIMARY, GOING_DOWN, DISK_FULL = 10107, 91, 14031
FAILURES: dict[str, dict[str, Any]] = {
    "steps down": {"errorCode": NOT_PRIMARY},
    "cuts the connection": {"closeConnection": True},
    "has stored it all the same": {
        "writeConcernError": {"code": GOING_DOWN, "errmsg": "going down"}
    },
}


@pytest.mark.long
@pytest.mark.fault("F30")
async def test_button_press_is_answered_in_time_if_mongodb_is_slow(
    proxied_world: ProxiedWorld,
) -> None:
    await submit_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()
    bob, proxy = proxied_world.world.personas.bob, proxied_world.proxies["bot"]
    card = await bob.wait_for_message("Offered to you")
    proxy.delay_seconds = SLOW_SECONDS

    await bob.click(card, "Claim")

    proxy.delay_seconds = 0
    assert bob.alerts == []
    message = await bob.wait_for_ephemeral("could not confirm")
    assert "try again" in message.visible_text
    await claim_ticket(proxied_world)
    await bob.wait_for_message(TITLE)
    await proxied_world.wait_until_no_pending_steps()
    await check_invariants(proxied_world.world)


@pytest.mark.long
@pytest.mark.fault("F30")
@pytest.mark.parametrize("command", ["insert", "update", "findAndModify"])
@pytest.mark.parametrize("failure", FAILURES)
async def test_ticket_survives_single_mongodb_failures(
    proxied_world: ProxiedWorld, command: str, failure: str
) -> None:
    world = proxied_world.world
    await fail_mongodb_commands(world, command, times=2, **FAILURES[failure])
    try:
        await submit_ticket(proxied_world)
        await fail_mongodb_commands(world, command, times=2, **FAILURES[failure])
        await wait_until_settled(proxied_world)
        await fail_mongodb_commands(world, command, times=2, **FAILURES[failure])
        await claim_ticket(proxied_world)
        await wait_until_settled(proxied_world)
    finally:
        await fail_mongodb_commands(world, command, times=0)
    await check_invariants(world)


async def wait_until_settled(proxied_world: ProxiedWorld) -> None:
    """Wait for all steps. A lease whose write got no answer stays until it expires."""
    with suppress(TimeoutError):
        async with asyncio.timeout(4):
            await wait_until_no_pending_steps(proxied_world.world)
    await fail_mongodb_commands(proxied_world.world, "update", times=0)
    await expire_leases(proxied_world.world)
    await proxied_world.wait_until_no_pending_steps()


@pytest.mark.long
@pytest.mark.fault("F30")
async def test_mongodb_hangs_in_the_middle_of_a_step(proxied_world: ProxiedWorld) -> None:
    world, proxy = proxied_world.world, proxied_world.proxies["worker"]
    suspended = asyncio.Event()

    async def suspend_mongodb() -> None:
        world.servers.mongodb.suspend()
        suspended.set()

    proxy.call_at(suspend_mongodb, selector=12, point=FaultPoint.REQUEST)
    ada = world.personas.ada
    await ada.type_text(f"/ticket {TITLE}")
    await ada.submit_modal()
    await suspended.wait()
    # Longer than the timeout of any command.
    await asyncio.sleep(20)
    world.servers.mongodb.resume()

    await world.personas.bob.wait_for_message("Offered to you", timeout_seconds=60)
    await claim_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()
    await check_invariants(world)


@pytest.mark.long
@pytest.mark.fault("F33")
async def test_full_disk_is_an_error_until_the_next_submit(
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
