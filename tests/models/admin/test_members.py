"""Member administration: an admin always remains, and conflicting changes are refused."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from models.admin.members import PERSON_FIELD, update_member
from models.clock import utc_now
from models.errors import InvalidInput, UserFacingError
from models.people.member import Member, Profile, Role
from models.ticket_service import TicketService
from sandbox.services.database_servers import DatabaseServers
from tests.service_factory import run_service


@pytest.fixture
async def service(servers: DatabaseServers) -> AsyncIterator[TicketService]:
    """A service whose only admin is Grace; the settings name Root as an admin, too."""
    async with run_service(servers, admin_slack_ids=["UROOT"]) as service:
        await service.members.set_role("T1", "UROOT", role=Role.USER)
        await service.members.set_role("T1", "UGRACE", role=Role.ADMIN)
        yield service


async def member_of(service: TicketService, slack_id: str) -> Member:
    return await service.members.get_or_create_member("T1", slack_id)


async def refused_field(service: TicketService, slack_id: str, role: Role) -> str:
    """The invalid field when a role is refused; neither member nor audit log changes."""
    grace, before = await member_of(service, "UGRACE"), await member_of(service, slack_id)
    entries = await service.audit_log.entries("T1")
    with pytest.raises(InvalidInput) as error:
        await update_member(service, grace, before, {"role": role})
    assert await member_of(service, slack_id) == before
    assert await service.audit_log.entries("T1") == entries
    [field] = error.value.fields
    return field


async def test_the_last_admin_stays_an_admin(service: TicketService) -> None:
    assert await refused_field(service, "UGRACE", Role.USER) == PERSON_FIELD
    grace = await member_of(service, "UGRACE")
    assert (await update_member(service, grace, grace, {"skills": ("vpn",)})).can_administer


async def test_a_configured_admin_stays_an_admin(service: TicketService) -> None:
    await service.members.set_role("T1", "UROOT", role=Role.ADMIN)

    assert await refused_field(service, "UROOT", Role.MODERATOR) == PERSON_FIELD


async def test_guests_and_group_moderators_keep_the_role_from_slack(service: TicketService) -> None:
    await service.members.update_member("T1", "UGUEST", guest=True)
    await service.members.update_member("T1", "UGROUP", role="moderator", by_group=True)

    assert await refused_field(service, "UGUEST", Role.MODERATOR) == "role"
    assert await refused_field(service, "UGROUP", Role.USER) == "role"
    grace = await member_of(service, "UGRACE")
    admin = await update_member(
        service, grace, await member_of(service, "UGROUP"), {"role": Role.ADMIN}
    )
    assert (admin.role, admin.by_group, admin.appointed) == (Role.ADMIN, False, True)


async def test_two_admins_who_demote_each_other_leave_an_admin(service: TicketService) -> None:
    for _ in range(5):
        pair = [
            await service.members.set_role("T1", one, role=Role.ADMIN) for one in ("U1", "UGRACE")
        ]
        await asyncio.gather(
            *(update_member(service, pair[n], pair[1 - n], {"role": Role.USER}) for n in (0, 1)),
            return_exceptions=True,
        )
        admins = [one for one in await service.members.moderators("T1") if one.can_administer]
        assert admins
        await service.members.set_role("T1", "U1", role=Role.USER)


async def test_a_change_of_an_older_state_is_refused(
    service: TicketService,
) -> None:
    grace, before = await member_of(service, "UGRACE"), await member_of(service, "UBOB")
    await service.members.update_member("T1", "UBOB", trusted=True)

    with pytest.raises(UserFacingError, match="somebody else"):
        await update_member(service, grace, before, {"role": Role.MODERATOR})

    assert (await member_of(service, "UBOB")).role is Role.USER
    undo, change = [one for one in await service.audit_log.entries("T1") if one.to == "UBOB"]
    assert (change.after, change.before) == (undo.before, undo.after)


async def test_an_owner_set_to_user_does_not_become_admin(
    service: TicketService,
) -> None:
    owner = Profile(name="Olga", email=None, tz="UTC", is_owner=True, active=True)
    grace, olga = await member_of(service, "UGRACE"), await member_of(service, "UOLGA")

    olga_as_user = await update_member(service, grace, olga, {"role": Role.USER})

    assert (
        await service.members.set_profile(olga_as_user, owner, profiled_at=utc_now())
    ).role is Role.USER


async def test_a_document_without_newer_fields_can_be_changed(service: TicketService) -> None:
    await service.database.members.insert_one(
        {"_id": "T1:UOLD", "team_id": "T1", "slack_id": "UOLD", "role": "moderator", "skills": []}
    )
    old = await member_of(service, "UOLD")

    after = await update_member(service, await member_of(service, "UGRACE"), old, {"capacity": 2})

    assert (after.capacity, after.appointed) == (2, False)
