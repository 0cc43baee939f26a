"""A card with an unknown outcome is declined before the worker retries."""

import pytest

from sandbox.slack.state.faults import Fault
from tests.faults.invariants import check_invariants
from tests.faults.ticket_lifecycle import ProxiedWorld, submit_ticket


@pytest.mark.fault("F41")
async def test_card_declined_before_the_retry_is_still_updated(
    proxied_world: ProxiedWorld,
) -> None:
    slack, bob = proxied_world.world.slack, proxied_world.world.personas.bob
    fault = Fault(status=500, body="<html>oops</html>", fails_after_success=True)
    slack.faults.add(
        "chat.postMessage",
        fault,
        times=1,
        request_filter=lambda request: request["channel"] == bob.direct_channel.id,
    )
    await submit_ticket(proxied_world)

    await bob.click(await bob.wait_for_message("Offered to you"), "Decline")

    await proxied_world.world.personas.eve.wait_for_message("Offered to you", timeout_seconds=20)
    await proxied_world.wait_until_no_pending_steps()
    assert "Decline" not in (await bob.wait_for_message()).buttons
    await check_invariants(proxied_world.world)
