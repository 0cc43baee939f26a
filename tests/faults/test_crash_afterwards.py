"""The same as in `test_crash_everywhere`, when the server has done it and nobody was told."""

import pytest

from sandbox.wire import Moment, Place
from tests.faults.places import dies_at
from tests.faults.walking import Outcome, Stage

pytestmark = pytest.mark.beside


@pytest.mark.few(20)
@pytest.mark.fault("F20")
async def test_the_worker_dies_when_a_message_is_heard(
    stage: Stage, as_usual: Outcome, places: tuple[Place, ...]
) -> None:
    await dies_at(stage, as_usual, Moment.AFTER, places)
