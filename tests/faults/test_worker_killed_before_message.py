"""Killed anywhere, bot and worker only delay a ticket: in the end all is as if nothing had been.

One ticket goes its whole way again and again, and each time the process is killed one place later:
at each message to MongoDB, before the server sees it (">") and before the process learns that it
is done ("<"), and likewise at each call of Slack. `--every` tries all places, until nothing is
left to disturb; without it a few are tried.
"""

import pytest

from sandbox.services.mongodb_proxy import FaultPoint, RequestSelector
from tests.faults.kill_points import check_worker_killed_at
from tests.faults.ticket_lifecycle import Outcome, ProxiedWorld

pytestmark = pytest.mark.beside


@pytest.mark.few(6)
@pytest.mark.fault("F20")
async def test_the_worker_dies_before_a_message_is_heard(
    proxied_world: ProxiedWorld,
    undisturbed_outcome: Outcome,
    kill_points: tuple[RequestSelector, ...],
) -> None:
    await check_worker_killed_at(
        proxied_world, undisturbed_outcome, FaultPoint.REQUEST, kill_points
    )
