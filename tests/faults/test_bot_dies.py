"""A bot that dies anywhere, with a form or a click in its hands, loses nothing."""

import pytest

from sandbox.wire import Moment, Place
from tests.faults.dying import AtMessage
from tests.faults.places import at_each, nothing_is_lost_or_twice
from tests.faults.walking import Outcome, Stage, claims, resolves, submits


# Stored and not known of, a ticket is sent again: what keeps it from being a second one is at work.
@pytest.mark.few("insert")
@pytest.mark.fault("F03", "F06", "F09")
@pytest.mark.parametrize("moment", Moment)
async def test_the_bot_dies_during_a_submission(
    stage: Stage, as_usual: Outcome, moment: Moment, places: tuple[Place, ...]
) -> None:
    async def run(at: Place) -> bool:
        await stage.begins_anew()
        death = AtMessage(stage, "bot", at=at, moment=moment)
        await submits(stage)
        assert len(await stage.world.documents("tickets")) == 1
        await stage.settles()
        died = await death.is_over()
        await stage.has_a_bot()
        await claims(stage)
        await stage.settles()
        await resolves(stage)
        await stage.settles()
        await nothing_is_lost_or_twice(stage, as_usual)
        return died

    await at_each(places, run)


@pytest.mark.few(2)
@pytest.mark.fault("F09")
@pytest.mark.parametrize("moment", Moment)
async def test_the_bot_dies_during_a_claim(
    stage: Stage, as_usual: Outcome, moment: Moment, places: tuple[Place, ...]
) -> None:
    async def run(at: Place) -> bool:
        await stage.begins_anew()
        await submits(stage)
        await stage.settles()
        death = AtMessage(stage, "bot", at=at, moment=moment)
        await claims(stage)
        await stage.settles()
        died = await death.is_over()
        await stage.has_a_bot()
        await resolves(stage)
        await stage.settles()
        await nothing_is_lost_or_twice(stage, as_usual)
        return died

    await at_each(places, run)
