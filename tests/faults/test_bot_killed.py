"""A bot that dies anywhere, with a form or a click in its hands, loses nothing."""

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


# Stored and not known of, a ticket is sent again: what keeps it from being a second one is at work.
@pytest.mark.few("insert")
@pytest.mark.fault("F03", "F06", "F09")
@pytest.mark.parametrize("moment", FaultPoint)
async def test_the_bot_dies_during_a_submission(
    proxied_world: ProxiedWorld,
    undisturbed_outcome: Outcome,
    moment: FaultPoint,
    kill_points: tuple[RequestSelector, ...],
) -> None:
    async def run(at: RequestSelector) -> bool:
        await proxied_world.reset()
        death = KillAtMongoMessage(proxied_world, "bot", at=at, moment=moment)
        await submit_ticket(proxied_world)
        assert len(await proxied_world.world.find_documents("tickets")) == 1
        await proxied_world.wait_until_no_pending_steps()
        died = await death.disarm()
        await proxied_world.ensure_bot_runs()
        await claim_ticket(proxied_world)
        await proxied_world.wait_until_no_pending_steps()
        await resolve_ticket(proxied_world)
        await proxied_world.wait_until_no_pending_steps()
        await check_outcome(proxied_world, undisturbed_outcome)
        return died

    await run_at_kill_points(kill_points, run)


@pytest.mark.few(2)
@pytest.mark.fault("F09")
@pytest.mark.parametrize("moment", FaultPoint)
async def test_the_bot_dies_during_a_claim(
    proxied_world: ProxiedWorld,
    undisturbed_outcome: Outcome,
    moment: FaultPoint,
    kill_points: tuple[RequestSelector, ...],
) -> None:
    async def run(at: RequestSelector) -> bool:
        await proxied_world.reset()
        await submit_ticket(proxied_world)
        await proxied_world.wait_until_no_pending_steps()
        death = KillAtMongoMessage(proxied_world, "bot", at=at, moment=moment)
        await claim_ticket(proxied_world)
        await proxied_world.wait_until_no_pending_steps()
        died = await death.disarm()
        await proxied_world.ensure_bot_runs()
        await resolve_ticket(proxied_world)
        await proxied_world.wait_until_no_pending_steps()
        await check_outcome(proxied_world, undisturbed_outcome)
        return died

    await run_at_kill_points(kill_points, run)
