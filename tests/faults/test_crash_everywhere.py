"""Killed anywhere, bot and worker only delay a ticket: in the end all is as if nothing had been.

One ticket goes its whole way again and again, and each time the process is killed one place later:
at each message to MongoDB, before the server sees it (">") and before the process learns that it
is done ("<"), and likewise at each call of Slack. `--every` tries all places, until nothing is
left to disturb; without it a few are tried.
"""

import pytest

from sandbox.wire import Moment
from tests.faults.dying import AtMessage, goes_through
from tests.faults.places import at_each, nothing_is_lost_or_twice
from tests.faults.walking import Outcome, Stage, walks


@pytest.mark.few(47)
@pytest.mark.fault("F20")
@pytest.mark.parametrize("moment", Moment)
async def test_the_worker_dies_at_a_message(
    stage: Stage, as_usual: Outcome, moment: Moment, places: tuple[int, ...]
) -> None:
    async def run(at: int) -> bool:
        await stage.begins_anew()
        death = AtMessage(stage, "worker", at=at, moment=moment)
        died = await goes_through(death, stage, lambda: walks(stage))
        copies = 2 if died and stage.letters_unsure else 1
        await nothing_is_lost_or_twice(stage, as_usual, copies=copies)
        return died

    await at_each(places, run)
