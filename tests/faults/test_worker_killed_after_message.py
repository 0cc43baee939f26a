"""The worker is killed after a server has handled its message, before the answer arrives.

The counterpart is `test_worker_killed_before_message`.
"""

import pytest

from sandbox.services.mongodb_proxy import FaultPoint, RequestSelector
from tests.faults.kill_points import check_worker_killed_at
from tests.faults.ticket_lifecycle import Outcome, ProxiedWorld

pytestmark = pytest.mark.beside


@pytest.mark.few(20)
@pytest.mark.fault("F20")
async def test_worker_killed_after_a_message_is_handled(
    proxied_world: ProxiedWorld,
    undisturbed_outcome: Outcome,
    kill_points: tuple[RequestSelector, ...],
) -> None:
    await check_worker_killed_at(proxied_world, undisturbed_outcome, FaultPoint.REPLY, kill_points)
