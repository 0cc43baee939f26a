"""Trying a thing at each of many places, until a run ends undisturbed."""

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

# How much a process says depends a little on chance.
MAX_UNDISTURBED_RUNS = 5


async def run_at_kill_points(
    kill_points: tuple[RequestSelector, ...],
    run_disturbed: Callable[[RequestSelector], Awaitable[bool]],
) -> None:
    """Have a run disturbed at each of these places; at all when none are given."""
    undisturbed = 0
    for at in kill_points or count(1):
        try:
            disturbed = await run_disturbed(at)
        except Exception as error:
            error.add_note(f"disturbed at {at}")
            raise
        assert disturbed or not kill_points, f"there is no place {at}"
        undisturbed = 0 if disturbed else undisturbed + 1
        if undisturbed == MAX_UNDISTURBED_RUNS:
            return


async def check_outcome(
    proxied_world: ProxiedWorld, undisturbed_outcome: Outcome, *, max_email_copies: int = 1
) -> None:
    """All is as usual, but for so many copies of the letter at most."""
    await check_invariants(proxied_world.world)
    assert await collect_outcome(proxied_world.world) == undisturbed_outcome
    assert 1 <= len(proxied_world.world.mail.inbox) <= max_email_copies


async def check_worker_killed_at(
    proxied_world: ProxiedWorld,
    undisturbed_outcome: Outcome,
    moment: FaultPoint,
    kill_points: tuple[RequestSelector, ...],
) -> None:
    """The worker dies at each of these messages to MongoDB, and all is as usual in the end."""

    async def run(at: RequestSelector) -> bool:
        await proxied_world.reset()
        death = KillAtMongoMessage(proxied_world, "worker", at=at, moment=moment)
        died = await run_with_process_end(
            death, proxied_world, lambda: run_ticket_lifecycle(proxied_world)
        )
        copies = 2 if died and proxied_world.may_email_repeat else 1
        await check_outcome(proxied_world, undisturbed_outcome, max_email_copies=copies)
        return died

    await run_at_kill_points(kill_points, run)
