"""A database that takes its time for each question, but answers, must not make Slack give up."""

import pytest

from tests.faults.invariants import check_invariants
from tests.faults.walking import TITLE, Stage, claims, submits

# Less than any one question may take, but a click asks several.
SLOW_SECONDS = 1.2


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
