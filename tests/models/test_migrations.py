"""The migrations of members are made once, whatever happens to the schema of tickets later."""

from collections.abc import AsyncIterator

import pytest

from models.migrations import migrate_members
from models.people.member import Role
from models.services import Services, bind
from sandbox.services.database_servers import DatabaseServers
from tests.service_factory import run_services


@pytest.fixture
async def services(servers: DatabaseServers) -> AsyncIterator[Services]:
    async with run_services(servers) as services:
        yield services


async def store_group_moderator(services: Services, slack_id: str) -> None:
    await services.members.set_role("T1", slack_id, role=Role.MODERATOR, by_group=True)


async def group_moderators(services: Services) -> list[str]:
    return [member.slack_id for member in await services.members.group_moderators("T1")]


async def test_moderators_of_a_group_that_is_chosen_later_stay_in_it(
    services: Services,
) -> None:
    """The next schema version of tickets migrates the tickets again, and no members."""
    await store_group_moderator(services, "UKIM")
    await bind(migrate_members, services)()
    assert await group_moderators(services) == []

    await services.workspace_settings.update("T1", {"moderators": "S1"})
    await store_group_moderator(services, "UBOB")
    await bind(migrate_members, services)()

    assert await group_moderators(services) == ["UBOB"]
