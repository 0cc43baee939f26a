"""Killed anywhere, bot and worker only delay a ticket: in the end all is as if nothing had been.

One ticket goes its whole way again and again, and each time the process is killed one place later:
at each message to MongoDB, before the server sees it (">") and before the process learns that it
is done ("<"), and likewise at each call of Slack. `--every` tries all places, until nothing is
left to disturb; without it a few are tried.
"""

from collections.abc import Awaitable, Callable
from itertools import count

import pytest

from sandbox.wire import Moment
from tests.faults.dying import AtCall, AtLetter, AtMessage, ToldToEnd, goes_through
from tests.faults.invariants import check_invariants
from tests.faults.walking import (
    Outcome,
    Stage,
    claims,
    outcome,
    resolves,
    submits,
    walks,
)

FEW = {
    "test_the_worker_dies_at_a_message": (47,),
    "test_the_worker_is_told_to_end_at_a_message": (20,),
    "test_the_worker_dies_at_a_call_of_slack": (7,),
    "test_the_bot_dies_during_a_submission": (3,),
    "test_the_bot_dies_during_a_claim": (2,),
}
# How much the worker says depends a little on chance.
UNDISTURBED_IN_A_ROW = 5


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """`places`: a few, each in a test of its own; or none, which means all of them."""
    if "places" in metafunc.fixturenames:
        every = metafunc.config.getoption("every", default=False)
        few = [] if every else FEW[metafunc.function.__name__]
        metafunc.parametrize(
            "places", [(at,) for at in few] or [()], ids=list(map(str, few)) or ["every"]
        )


@pytest.fixture(scope="session")
async def as_usual(wired: Stage) -> Outcome:
    """What comes of a ticket when nothing fails."""
    await wired.begins_anew()
    await walks(wired)
    await check_invariants(wired.world)
    assert len(wired.world.mail.inbox) == 1
    return await outcome(wired.world)


async def at_each(places: tuple[int, ...], run: Callable[[int], Awaitable[bool]]) -> None:
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


@pytest.mark.fault("F21")
async def test_the_worker_is_told_to_end_at_a_message(
    stage: Stage, as_usual: Outcome, places: tuple[int, ...]
) -> None:
    """It finishes what it has begun: nobody has to wait for a lease to end."""

    async def run(at: int) -> bool:
        await stage.begins_anew()
        ending = ToldToEnd(stage, at=at)
        told = await goes_through(ending, stage, lambda: walks(stage))
        await nothing_is_lost_or_twice(stage, as_usual)
        return told

    await at_each(places, run)


@pytest.mark.fault("F20")
@pytest.mark.parametrize("moment", Moment)
async def test_the_worker_dies_at_a_call_of_slack(
    stage: Stage, as_usual: Outcome, moment: Moment, places: tuple[int, ...]
) -> None:
    async def run(at: int) -> bool:
        await stage.begins_anew()
        death = AtCall(stage, at=at, moment=moment)
        died = await goes_through(death, stage, lambda: walks(stage))
        copies = 2 if died and stage.letters_unsure else 1
        await nothing_is_lost_or_twice(stage, as_usual, copies=copies)
        return died

    await at_each(places, run)


@pytest.mark.fault("F20", "F73")
async def test_the_worker_dies_when_a_letter_is_sent_and_sends_the_very_same_again(
    stage: Stage, as_usual: Outcome
) -> None:
    assert await goes_through(AtLetter(stage), stage, lambda: walks(stage))

    await nothing_is_lost_or_twice(stage, as_usual, copies=2)
    first, second = stage.world.mail.inbox
    assert first.message_id == second.message_id


@pytest.mark.fault("F03", "F06", "F09")
@pytest.mark.parametrize("moment", Moment)
async def test_the_bot_dies_during_a_submission(
    stage: Stage, as_usual: Outcome, moment: Moment, places: tuple[int, ...]
) -> None:
    async def run(at: int) -> bool:
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


@pytest.mark.fault("F09")
@pytest.mark.parametrize("moment", Moment)
async def test_the_bot_dies_during_a_claim(
    stage: Stage, as_usual: Outcome, moment: Moment, places: tuple[int, ...]
) -> None:
    async def run(at: int) -> bool:
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
