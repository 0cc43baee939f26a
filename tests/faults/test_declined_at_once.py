"""A card whose sending nobody knows the outcome of is declined before the worker tries again."""

import pytest

from sandbox.slack.faults import Fault
from tests.faults.invariants import check_invariants
from tests.faults.walking import Stage, submits


@pytest.mark.fault("F41")
async def test_a_card_that_is_declined_before_it_is_looked_up_is_not_forgotten(
    stage: Stage,
) -> None:
    slack, bob = stage.world.slack, stage.world.cast.bob
    stored = Fault(status=500, body="<html>oops</html>", after=True)
    slack.faults.add(
        "chat.postMessage", stored, times=1, when=lambda asked: asked["channel"] == bob.dm.id
    )
    await submits(stage)

    await bob.clicks(await bob.gets_message("Offered to you"), "Decline")

    await stage.world.cast.eve.gets_message("Offered to you", timeout=20)
    await stage.settles()
    assert "Decline" not in (await bob.gets_message()).buttons
    await check_invariants(stage.world)
