"""The worker is killed before a server gets its message, and the ticket is only delayed.

One ticket runs its whole life many times, and each time the process is killed one message later:
before the server gets the message (">"), and before the process gets the answer ("<"). Other files
do the same for Slack calls. `--every` tries all kill points until a run ends undisturbed. Without
it, a few are tried.
"""

import pytest

from sandbox.services.mongodb_proxy import FaultPoint, RequestSelector
from tests.faults.kill_points import check_worker_killed_at
from tests.faults.ticket_lifecycle import Outcome, ProxiedWorld

pytestmark = pytest.mark.beside


@pytest.mark.few(6)
@pytest.mark.fault("F20")
async def test_worker_killed_before_a_message_is_handled(
    proxied_world: ProxiedWorld,
    undisturbed_outcome: Outcome,
    kill_points: tuple[RequestSelector, ...],
) -> None:
    await check_worker_killed_at(
        proxied_world, undisturbed_outcome, FaultPoint.REQUEST, kill_points
    )
