"""The bot is killed while it handles a form or a click, and nothing is lost."""

import pytest

from sandbox.services.mongodb_proxy import FaultPoint, RequestSelector
from tests.faults.kill_points import check_outcome, run_at_kill_points
from tests.faults.process_kills import KillAtMongoMessage
from tests.faults.ticket_lifecycle import (
    Outcome,
    ProxiedWorld,
    claim_ticket,
    resolve_ticket,
    submit_ticket,
)


# Killed at the insert, the bot gets the form again. The unique key must prevent a second ticket.
@pytest.mark.few("insert")
@pytest.mark.fault("F03", "F06", "F09")
@pytest.mark.parametrize("moment", FaultPoint)
async def test_bot_killed_during_a_submission(
    proxied_world: ProxiedWorld,
    undisturbed_outcome: Outcome,
    moment: FaultPoint,
    kill_points: tuple[RequestSelector, ...],
) -> None:
    async def run_with_kill(kill_point: RequestSelector) -> bool:
        await proxied_world.reset()
        kill = KillAtMongoMessage(proxied_world, "bot", at=kill_point, moment=moment)
        await submit_ticket(proxied_world)
        assert len(await proxied_world.world.find_documents("tickets")) == 1
        await proxied_world.wait_until_no_pending_steps()
        died = await kill.disarm()
        await proxied_world.ensure_bot_runs()
        await claim_ticket(proxied_world)
        await proxied_world.wait_until_no_pending_steps()
        await resolve_ticket(proxied_world)
        await proxied_world.wait_until_no_pending_steps()
        await check_outcome(proxied_world, undisturbed_outcome)
        return died

    await run_at_kill_points(kill_points, run_with_kill)


@pytest.mark.few(2)
@pytest.mark.fault("F09")
@pytest.mark.parametrize("moment", FaultPoint)
async def test_bot_killed_during_a_claim(
    proxied_world: ProxiedWorld,
    undisturbed_outcome: Outcome,
    moment: FaultPoint,
    kill_points: tuple[RequestSelector, ...],
) -> None:
    async def run_with_kill(kill_point: RequestSelector) -> bool:
        await proxied_world.reset()
        await submit_ticket(proxied_world)
        await proxied_world.wait_until_no_pending_steps()
        kill = KillAtMongoMessage(proxied_world, "bot", at=kill_point, moment=moment)
        await claim_ticket(proxied_world)
        await proxied_world.wait_until_no_pending_steps()
        died = await kill.disarm()
        await proxied_world.ensure_bot_runs()
        await resolve_ticket(proxied_world)
        await proxied_world.wait_until_no_pending_steps()
        await check_outcome(proxied_world, undisturbed_outcome)
        return died

    await run_at_kill_points(kill_points, run_with_kill)
