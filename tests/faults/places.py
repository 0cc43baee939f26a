"""Trying a thing at each of many places, until a run ends undisturbed."""

from collections.abc import Awaitable, Callable
from itertools import count

from sandbox.wire import Moment, Place
from tests.faults.dying import AtMessage, goes_through
from tests.faults.invariants import check_invariants
from tests.faults.walking import Outcome, Stage, outcome, walks

# How much a process says depends a little on chance.
UNDISTURBED_IN_A_ROW = 5


async def at_each(places: tuple[Place, ...], run: Callable[[Place], Awaitable[bool]]) -> None:
    """Have a run disturbed at each of these places; at all when none are given."""
    undisturbed = 0
    for at in places or count(1):
        try:
            disturbed = await run(at)
        except Exception as error:
            error.add_note(f"disturbed at {at}")
            raise
        assert disturbed or not places, f"there is no place {at}"
        undisturbed = 0 if disturbed else undisturbed + 1
        if undisturbed == UNDISTURBED_IN_A_ROW:
            return


async def nothing_is_lost_or_twice(stage: Stage, as_usual: Outcome, *, copies: int = 1) -> None:
    """All is as usual, but for so many copies of the letter at most."""
    await check_invariants(stage.world)
    assert await outcome(stage.world) == as_usual
    assert 1 <= len(stage.world.mail.inbox) <= copies


async def dies_at(
    stage: Stage, as_usual: Outcome, moment: Moment, places: tuple[Place, ...]
) -> None:
    """The worker dies at each of these messages to MongoDB, and all is as usual in the end."""

    async def run(at: Place) -> bool:
        await stage.begins_anew()
        death = AtMessage(stage, "worker", at=at, moment=moment)
        died = await goes_through(death, stage, lambda: walks(stage))
        copies = 2 if died and stage.letters_unsure else 1
        await nothing_is_lost_or_twice(stage, as_usual, copies=copies)
        return died

    await at_each(places, run)
