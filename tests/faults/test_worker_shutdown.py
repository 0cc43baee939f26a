"""A worker that is told to end anywhere, or dies while it talks to the outside, loses nothing."""

import asyncio
import os
import select
from pathlib import Path

import pytest

from models.clock import utc_now
from models.triage.result import Priority
from models.triage.training_example import TrainingExample
from sandbox.services.mongodb_proxy import FaultPoint, RequestSelector
from sandbox.services.processes import Process
from tests.faults.invariants import check_invariants
from tests.faults.kill_points import check_outcome, run_at_kill_points
from tests.faults.process_kills import (
    SHUTDOWN_SECONDS,
    KillAtEmail,
    KillAtSlackCall,
    SigtermAtMongoMessage,
    run_with_process_end,
)
from tests.faults.ticket_lifecycle import Outcome, ProxiedWorld, run_ticket_lifecycle, submit_ticket
from tests.sample_tickets import make_triage
from tests.stories.user_actions import CONFIDENTIAL_OPTION, expire_leases, open_ticket

pytestmark = pytest.mark.beside


@pytest.mark.few(20)
@pytest.mark.fault("F21")
async def test_the_worker_is_told_to_end_at_a_message(
    proxied_world: ProxiedWorld,
    undisturbed_outcome: Outcome,
    kill_points: tuple[RequestSelector, ...],
) -> None:
    """It finishes what it has begun: nobody has to wait for a lease to end."""

    async def run(at: RequestSelector) -> bool:
        await proxied_world.reset()
        ending = SigtermAtMongoMessage(proxied_world, at=at)
        told = await run_with_process_end(
            ending, proxied_world, lambda: run_ticket_lifecycle(proxied_world)
        )
        await check_outcome(proxied_world, undisturbed_outcome)
        return told

    await run_at_kill_points(kill_points, run)


@pytest.mark.long
@pytest.mark.fault("F21", "F31")
async def test_the_worker_is_told_to_end_in_the_middle_of_a_long_step(
    proxied_world: ProxiedWorld,
) -> None:
    """It gives the step ten seconds, less what it needs for itself, and uses up no attempt."""
    world = proxied_world.world
    world.gemini.hang()
    await submit_ticket(proxied_world)
    await world.gemini.wait_until(lambda: world.gemini.requests)

    await world.worker.stop(timeout_seconds=SHUTDOWN_SECONDS)

    assert world.worker.exit_code == 0
    [ticket] = await world.find_documents("tickets")
    assert [step["attempts"] for step in ticket["pending"] if step["step"] == "triage_ticket"] == [
        0
    ]
    world.gemini.recover()
    await expire_leases(world)
    await world.worker.start()
    await world.personas.bob.wait_for_message("Offered to you", timeout_seconds=20)
    await proxied_world.wait_until_no_pending_steps()
    await check_invariants(world)


@pytest.mark.few(7)
@pytest.mark.fault("F20")
@pytest.mark.parametrize("moment", FaultPoint)
async def test_the_worker_dies_at_a_call_of_slack(
    proxied_world: ProxiedWorld,
    undisturbed_outcome: Outcome,
    moment: FaultPoint,
    kill_points: tuple[RequestSelector, ...],
) -> None:
    async def run(at: RequestSelector) -> bool:
        await proxied_world.reset()
        death = KillAtSlackCall(proxied_world, at=at, moment=moment)
        died = await run_with_process_end(
            death, proxied_world, lambda: run_ticket_lifecycle(proxied_world)
        )
        copies = 2 if died and proxied_world.may_email_repeat else 1
        await check_outcome(proxied_world, undisturbed_outcome, max_email_copies=copies)
        return died

    await run_at_kill_points(kill_points, run)


@pytest.mark.fault("F20", "F73")
async def test_the_worker_dies_when_a_letter_is_sent_and_sends_the_very_same_again(
    proxied_world: ProxiedWorld, undisturbed_outcome: Outcome
) -> None:
    assert await run_with_process_end(
        KillAtEmail(proxied_world), proxied_world, lambda: run_ticket_lifecycle(proxied_world)
    )

    await check_outcome(proxied_world, undisturbed_outcome, max_email_copies=2)
    first, second = proxied_world.world.mail.inbox
    assert first.message_id == second.message_id


async def is_taught(proxied_world: ProxiedWorld, count: int) -> None:
    """So much has been corrected that it is learnt in a process of its own."""
    world, team_id = proxied_world.world, proxied_world.world.slack.team_id
    lessons = [
        TrainingExample(
            ticket_id=f"T-{1000 + number}",
            team_id=team_id,
            text=f"the {'gizmo' if number % 2 else 'payslip'} {number} is odd",
            original_triage=make_triage(),
            category="Printing" if number % 2 else "Other",
            priority=Priority.NORMAL,
            by="UBOB",
            at=utc_now(),
        )
        for number in range(count)
    ]
    documents = [
        {"_id": one.ticket_id} | one.model_dump(exclude={"shadow_triage"}) for one in lessons
    ]
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


async def test_whoever_learns_for_a_worker_that_dies_ends_by_itself(
    proxied_world: ProxiedWorld,
) -> None:
    world = proxied_world.world
    # One that has just started looks at once for what there is to learn.
    await world.worker.stop()
    await is_taught(proxied_world, 1000)
    await world.worker.start()
    # Gemini is not told of it, so the engine is asked that learns.
    await open_ticket(world.personas.ada, "My gizmo", confidential=CONFIDENTIAL_OPTION)
    learner = await learner_of(world.worker)

    await world.worker.kill()

    assert await asyncio.to_thread(has_ended, learner, within=30)
    os.close(learner)
    await expire_leases(world)
    await world.worker.start()
    await proxied_world.wait_until_no_pending_steps()
    await check_invariants(world)
