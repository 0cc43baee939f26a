"""The same as in `test_crash_everywhere`, when the server has done it and nobody was told."""

import pytest

from sandbox.services.mongodb_proxy import FaultPoint, RequestSelector
from tests.faults.kill_points import check_worker_killed_at
from tests.faults.ticket_lifecycle import Outcome, ProxiedWorld

pytestmark = pytest.mark.beside


@pytest.mark.few(20)
@pytest.mark.fault("F20")
async def test_the_worker_dies_when_a_message_is_heard(
    proxied_world: ProxiedWorld,
    undisturbed_outcome: Outcome,
    kill_points: tuple[RequestSelector, ...],
) -> None:
    await check_worker_killed_at(proxied_world, undisturbed_outcome, FaultPoint.REPLY, kill_points)
