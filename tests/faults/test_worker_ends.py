"""A worker that is told to end anywhere, or dies while it talks to the outside, loses nothing."""

import asyncio
import os
import select
from pathlib import Path

import pytest

from models.clock import now
from models.lesson import Lesson
from models.triage import Priority
from sandbox.processes import Process
from sandbox.wire import Moment, Place
from tests.faults.dying import END_SECONDS, AtCall, AtLetter, ToldToEnd, goes_through
from tests.faults.invariants import check_invariants
from tests.faults.places import at_each, nothing_is_lost_or_twice
from tests.faults.walking import Outcome, Stage, submits, walks
from tests.models.desk_words import triage
from tests.stories.acts import leases_end, opens_ticket

pytestmark = pytest.mark.beside


@pytest.mark.few(20)
@pytest.mark.fault("F21")
async def test_the_worker_is_told_to_end_at_a_message(
    stage: Stage, as_usual: Outcome, places: tuple[Place, ...]
) -> None:
    """It finishes what it has begun: nobody has to wait for a lease to end."""

    async def run(at: Place) -> bool:
        await stage.begins_anew()
        ending = ToldToEnd(stage, at=at)
        told = await goes_through(ending, stage, lambda: walks(stage))
        await nothing_is_lost_or_twice(stage, as_usual)
        return told

    await at_each(places, run)


@pytest.mark.long
@pytest.mark.fault("F21", "F31")
async def test_the_worker_is_told_to_end_in_the_middle_of_a_long_step(stage: Stage) -> None:
    """It gives the step ten seconds, less what it needs for itself, and uses up no attempt."""
    world = stage.world
    world.gemini.hangs()
    await submits(stage)
    await world.gemini.until(lambda: world.gemini.requests)

    await world.worker.stop(timeout=END_SECONDS)

    assert world.worker.exit_code == 0
    [ticket] = await world.documents("tickets")
    assert [step["attempts"] for step in ticket["pending"] if step["step"] == "triage_ticket"] == [
        0
    ]
    world.gemini.recovers()
    await leases_end(world)
    await world.worker.start()
    await world.cast.bob.gets_message("Offered to you", timeout=20)
    await stage.settles()
    await check_invariants(world)


@pytest.mark.few(7)
@pytest.mark.fault("F20")
@pytest.mark.parametrize("moment", Moment)
async def test_the_worker_dies_at_a_call_of_slack(
    stage: Stage, as_usual: Outcome, moment: Moment, places: tuple[Place, ...]
) -> None:
    async def run(at: Place) -> bool:
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


async def is_taught(stage: Stage, count: int) -> None:
    """So much has been corrected that it is learnt in a process of its own."""
    world, team_id = stage.world, stage.world.slack.team_id
    lessons = [
        Lesson(
            ticket_id=f"T-{1000 + number}",
            team_id=team_id,
            text=f"the {'gizmo' if number % 2 else 'payslip'} {number} is odd",
            said=triage(),
            category="Printing" if number % 2 else "Other",
            priority=Priority.NORMAL,
            by="UBOB",
            at=now(),
        )
        for number in range(count)
    ]
    documents = [{"_id": one.ticket_id} | one.model_dump(exclude={"shadow"}) for one in lessons]
    await world.database.lessons.insert_many(documents)
    await world.database.counters.insert_one({"_id": f"lessons:{team_id}", "version": "new"})


async def learner_of(worker: Process) -> int:
    """Who learns for it by now, as a handle that can be read from when that process has ended."""
    while not (learning := learners_of(worker)):  # noqa: ASYNC110  # nothing tells of it
        await asyncio.sleep(0)
    return os.pidfd_open(int(learning[0]))


def learners_of(worker: Process) -> list[str]:
    """Those that were told what there is to learn: only then they load what they learn with."""
    children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
    return [one for one in children if "sklearn" in Path(f"/proc/{one}/maps").read_text()]


def has_ended(process: int, *, within: float) -> bool:
    return bool(select.select([process], [], [], within)[0])


async def test_whoever_learns_for_a_worker_that_dies_ends_by_itself(stage: Stage) -> None:
    world = stage.world
    # One that has just started looks at once for what there is to learn.
    await world.worker.stop()
    await is_taught(stage, 1000)
    await world.worker.start()
    # Gemini is not told of it, so the engine is asked that learns.
    await opens_ticket(world.cast.ada, "My gizmo", confidential="Keep this confidential")
    learner = await learner_of(world.worker)

    await world.worker.kill()

    assert await asyncio.to_thread(has_ended, learner, within=30)
    os.close(learner)
    await leases_end(world)
    await world.worker.start()
    await stage.settles()
    await check_invariants(world)
