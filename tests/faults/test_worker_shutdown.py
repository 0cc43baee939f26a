"""A worker that gets SIGTERM, or dies during a call to the outside, loses nothing."""

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
async def test_worker_gets_sigterm_at_a_message(
    proxied_world: ProxiedWorld,
    undisturbed_outcome: Outcome,
    kill_points: tuple[RequestSelector, ...],
) -> None:
    """It completes the steps it has started, so no lease has to expire."""

    async def run_with_sigterm(kill_point: RequestSelector) -> bool:
        await proxied_world.reset()
        sigterm = SigtermAtMongoMessage(proxied_world, at=kill_point)
        got_sigterm = await run_with_process_end(
            sigterm, proxied_world, lambda: run_ticket_lifecycle(proxied_world)
        )
        await check_outcome(proxied_world, undisturbed_outcome)
        return got_sigterm

    await run_at_kill_points(kill_points, run_with_sigterm)


@pytest.mark.long
@pytest.mark.fault("F21", "F31")
async def test_worker_gets_sigterm_during_a_long_step(
    proxied_world: ProxiedWorld,
) -> None:
    """The step may run for most of the ten seconds. It then ends without using an attempt."""
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
async def test_worker_killed_at_a_slack_call(
    proxied_world: ProxiedWorld,
    undisturbed_outcome: Outcome,
    moment: FaultPoint,
    kill_points: tuple[RequestSelector, ...],
) -> None:
    async def run_with_kill(kill_point: RequestSelector) -> bool:
        await proxied_world.reset()
        kill = KillAtSlackCall(proxied_world, at=kill_point, moment=moment)
        died = await run_with_process_end(
            kill, proxied_world, lambda: run_ticket_lifecycle(proxied_world)
        )
        copies = 2 if died and proxied_world.may_email_repeat else 1
        await check_outcome(proxied_world, undisturbed_outcome, max_email_copies=copies)
        return died

    await run_at_kill_points(kill_points, run_with_kill)


@pytest.mark.fault("F20", "F73")
async def test_worker_killed_after_an_email_sends_the_same_again(
    proxied_world: ProxiedWorld, undisturbed_outcome: Outcome
) -> None:
    assert await run_with_process_end(
        KillAtEmail(proxied_world), proxied_world, lambda: run_ticket_lifecycle(proxied_world)
    )

    await check_outcome(proxied_world, undisturbed_outcome, max_email_copies=2)
    first, second = proxied_world.world.mail.inbox
    assert first.message_id == second.message_id


async def store_training_examples(proxied_world: ProxiedWorld, count: int) -> None:
    """Store so many training examples that the worker trains in a subprocess."""
    world, team_id = proxied_world.world, proxied_world.world.slack.team_id
    examples = [
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
        {"_id": example.ticket_id} | example.model_dump(exclude={"shadow_triage"})
        for example in examples
    ]
    await world.database.lessons.insert_many(documents)
    await world.database.counters.insert_one({"_id": f"lessons:{team_id}", "version": "new"})


async def wait_for_training_process(worker: Process) -> int:
    """Wait for the worker's training process. Its pidfd can be read when the process has ended."""
    while not (process_ids := training_process_ids(worker)):  # noqa: ASYNC110  # no event announces it
        await asyncio.sleep(0)
    return os.pidfd_open(int(process_ids[0]))


def training_process_ids(worker: Process) -> list[str]:
    """The training processes that have their data: only then do they load scikit-learn."""
    children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
    return [pid for pid in children if "sklearn" in Path(f"/proc/{pid}/maps").read_text()]


def has_ended(pidfd: int, *, within: float) -> bool:
    return bool(select.select([pidfd], [], [], within)[0])


async def test_training_process_ends_when_its_worker_is_killed(
    proxied_world: ProxiedWorld,
) -> None:
    world = proxied_world.world
    # A new worker looks for training examples at once.
    await world.worker.stop()
    await store_training_examples(proxied_world, 1000)
    await world.worker.start()
    # A confidential ticket is not sent to Gemini, so the built-in engine triages it.
    await open_ticket(world.personas.ada, "My gizmo", confidential=CONFIDENTIAL_OPTION)
    training_process = await wait_for_training_process(world.worker)

    await world.worker.kill()

    assert await asyncio.to_thread(has_ended, training_process, within=30)
    os.close(training_process)
    await expire_leases(world)
    await world.worker.start()
    await proxied_world.wait_until_no_pending_steps()
    await check_invariants(world)
