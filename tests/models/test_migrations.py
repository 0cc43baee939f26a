"""The migrations of members are made once, whatever happens to the schema of tickets later."""

from collections.abc import AsyncIterator

import pytest

from models.migrations import migrate_members
from models.people.member import Role
from models.ticket_service import TicketService
from sandbox.services.database_servers import DatabaseServers
from tests.service_factory import run_service


@pytest.fixture
async def service(servers: DatabaseServers) -> AsyncIterator[TicketService]:
    async with run_service(servers) as service:
        yield service


async def store_group_moderator(service: TicketService, slack_id: str) -> None:
    await service.members.set_role("T1", slack_id, role=Role.MODERATOR, by_group=True)


async def group_moderators(service: TicketService) -> list[str]:
    return [member.slack_id for member in await service.members.group_moderators("T1")]


async def test_moderators_of_a_group_that_is_chosen_later_stay_in_it(
    service: TicketService,
) -> None:
    """The next schema version of tickets migrates the tickets again, and no members."""
    await store_group_moderator(service, "UKIM")
    await migrate_members(service)
    assert await group_moderators(service) == []

    await service.workspace_settings.update("T1", {"moderators": "S1"})
    await store_group_moderator(service, "UBOB")
    await migrate_members(service)

    assert await group_moderators(service) == ["UBOB"]
