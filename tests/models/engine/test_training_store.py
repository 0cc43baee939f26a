"""The training store returns examples newest first, however old they are."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from models.clock import utc_now
from models.services import Services
from models.triage.result import Priority
from models.triage.training_example import TrainingExample
from sandbox.services.database_servers import DatabaseServers
from tests.sample_tickets import make_triage
from tests.service_factory import run_services

DAYS_AGO = (0, 3, 3000, 20, 600, 100)


@pytest.fixture
async def services(servers: DatabaseServers) -> AsyncIterator[Services]:
    """A service with examples of different ages."""
    async with run_services(servers) as services:
        for days in DAYS_AGO:
            await services.training_store.add(make_example(days))
        await services.training_store.add(make_example(1, team_id="T2"))
        yield services


def make_example(days: int, team_id: str = "T1") -> TrainingExample:
    """An example of so many days ago."""
    return TrainingExample(
        ticket_id=f"{team_id}-{days}",
        team_id=team_id,
        text="VPN drops",
        original_triage=make_triage(),
        category="Network",
        priority=Priority.NORMAL,
        by="UBOB",
        at=utc_now() - timedelta(days=days),
    )


@pytest.mark.parametrize("limit", [1, 3, 9])
async def test_latest_lists_examples_of_all_ages_newest_first(
    services: Services, limit: int
) -> None:
    latest = await services.training_store.latest("T1", limit=limit)

    expected = [f"T1-{days}" for days in sorted(DAYS_AGO)][:limit]
    assert [example.ticket_id for example in latest] == expected
    assert len(await services.training_store.judged_triages("T1", limit=limit)) == min(
        limit, len(DAYS_AGO)
    )


async def test_new_example_changes_the_version_of_its_workspace_only(
    services: Services,
) -> None:
    before, other_before = [
        await services.training_store.version(team_id) for team_id in ("T1", "T2")
    ]

    await services.training_store.add(make_example(3))

    assert await services.training_store.version("T1") != before
    assert await services.training_store.version("T2") == other_before
    assert not await services.training_store.version("T3")
