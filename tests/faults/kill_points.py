"""Repeats a scenario with a kill at each message, until a run ends undisturbed."""

from collections.abc import Awaitable, Callable
from itertools import count

from sandbox.services.mongodb_proxy import FaultPoint, RequestSelector
from tests.faults.invariants import check_invariants
from tests.faults.process_kills import KillAtMongoMessage, run_with_process_end
from tests.faults.ticket_lifecycle import (
    Outcome,
    ProxiedWorld,
    collect_outcome,
    run_ticket_lifecycle,
)

# The number of messages of a process varies a little from run to run.
MAX_UNDISTURBED_RUNS = 5


async def run_at_kill_points(
    kill_points: tuple[RequestSelector, ...],
    run_disturbed: Callable[[RequestSelector], Awaitable[bool]],
) -> None:
    """Disturb one run at each of these kill points, or at all points if none are given."""
    undisturbed = 0
    for kill_point in kill_points or count(1):
        try:
            disturbed = await run_disturbed(kill_point)
        except Exception as error:
            error.add_note(f"disturbed at {kill_point}")
            raise
        assert disturbed or not kill_points, f"no message matches kill point {kill_point}"
        undisturbed = 0 if disturbed else undisturbed + 1
        if undisturbed == MAX_UNDISTURBED_RUNS:
            return


async def check_outcome(
    proxied_world: ProxiedWorld, undisturbed_outcome: Outcome, *, max_email_copies: int = 1
) -> None:
    """Check invariants and outcome. The only difference may be copies of the e-mail."""
    await check_invariants(proxied_world.world)
    assert await collect_outcome(proxied_world.world) == undisturbed_outcome
    assert 1 <= len(proxied_world.world.mail.inbox) <= max_email_copies


async def check_worker_killed_at(
    proxied_world: ProxiedWorld,
    undisturbed_outcome: Outcome,
    moment: FaultPoint,
    kill_points: tuple[RequestSelector, ...],
) -> None:
    """Kill the worker at each of these MongoDB messages, and check the usual outcome."""

    async def run_with_kill(kill_point: RequestSelector) -> bool:
        await proxied_world.reset()
        kill = KillAtMongoMessage(proxied_world, "worker", at=kill_point, moment=moment)
        died = await run_with_process_end(
            kill, proxied_world, lambda: run_ticket_lifecycle(proxied_world)
        )
        copies = 2 if died and proxied_world.may_email_repeat else 1
        await check_outcome(proxied_world, undisturbed_outcome, max_email_copies=copies)
        return died

    await run_at_kill_points(kill_points, run_with_kill)
