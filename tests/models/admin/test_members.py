"""Member administration: an admin always remains, and conflicting changes are refused."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from models.admin.members import PERSON_FIELD
from models.clock import utc_now
from models.errors import InvalidInput, UserFacingError
from models.people.member import Member, Profile, Role
from models.services import Services
from sandbox.services.database_servers import DatabaseServers
from tests.service_factory import run_services


@pytest.fixture
async def services(servers: DatabaseServers) -> AsyncIterator[Services]:
    """A service whose only admin is Grace; the settings name Root as an admin, too."""
    async with run_services(servers, admin_slack_ids=["UROOT"]) as services:
        await services.members.set_role("T1", "UROOT", role=Role.USER)
        await services.members.set_role("T1", "UGRACE", role=Role.ADMIN)
        yield services


async def member_of(services: Services, slack_id: str) -> Member:
    return await services.members.get_or_create_member("T1", slack_id)


async def refused_field(services: Services, slack_id: str, role: Role) -> str:
    """The invalid field when a role is refused; neither member nor audit log changes."""
    grace, before = await member_of(services, "UGRACE"), await member_of(services, slack_id)
    entries = await services.audit_log.entries("T1")
    with pytest.raises(InvalidInput) as error:
        await services.member_admin.update_member(grace, before, {"role": role})
    assert await member_of(services, slack_id) == before
    assert await services.audit_log.entries("T1") == entries
    [field] = error.value.fields
    return field


async def test_the_last_admin_stays_an_admin(services: Services) -> None:
    assert await refused_field(services, "UGRACE", Role.USER) == PERSON_FIELD
    grace = await member_of(services, "UGRACE")
    assert (
        await services.member_admin.update_member(grace, grace, {"skills": ("vpn",)})
    ).can_administer


async def test_a_configured_admin_stays_an_admin(services: Services) -> None:
    await services.members.set_role("T1", "UROOT", role=Role.ADMIN)

    assert await refused_field(services, "UROOT", Role.MODERATOR) == PERSON_FIELD


async def test_guests_and_group_moderators_keep_the_role_from_slack(services: Services) -> None:
    await services.members.update_member("T1", "UGUEST", guest=True)
    await services.members.update_member("T1", "UGROUP", role="moderator", by_group=True)

    assert await refused_field(services, "UGUEST", Role.MODERATOR) == "role"
    assert await refused_field(services, "UGROUP", Role.USER) == "role"
    grace = await member_of(services, "UGRACE")
    admin = await services.member_admin.update_member(
        grace, await member_of(services, "UGROUP"), {"role": Role.ADMIN}
    )
    assert (admin.role, admin.by_group, admin.appointed) == (Role.ADMIN, False, True)


async def test_two_admins_who_demote_each_other_leave_an_admin(services: Services) -> None:
    for _ in range(5):
        pair = [
            await services.members.set_role("T1", one, role=Role.ADMIN) for one in ("U1", "UGRACE")
        ]
        await asyncio.gather(
            *(
                services.member_admin.update_member(pair[n], pair[1 - n], {"role": Role.USER})
                for n in (0, 1)
            ),
            return_exceptions=True,
        )
        admins = [one for one in await services.members.moderators("T1") if one.can_administer]
        assert admins
        await services.members.set_role("T1", "U1", role=Role.USER)


async def test_a_change_of_an_older_state_is_refused(
    services: Services,
) -> None:
    grace, before = await member_of(services, "UGRACE"), await member_of(services, "UBOB")
    await services.members.update_member("T1", "UBOB", trusted=True)

    with pytest.raises(UserFacingError, match="somebody else"):
        await services.member_admin.update_member(grace, before, {"role": Role.MODERATOR})

    assert (await member_of(services, "UBOB")).role is Role.USER
    undo, change = [one for one in await services.audit_log.entries("T1") if one.to == "UBOB"]
    assert (change.after, change.before) == (undo.before, undo.after)


async def test_an_owner_set_to_user_does_not_become_admin(
    services: Services,
) -> None:
    owner = Profile(name="Olga", email=None, tz="UTC", is_owner=True, active=True)
    grace, olga = await member_of(services, "UGRACE"), await member_of(services, "UOLGA")

    olga_as_user = await services.member_admin.update_member(grace, olga, {"role": Role.USER})

    assert (
        await services.members.set_profile(olga_as_user, owner, profiled_at=utc_now())
    ).role is Role.USER


async def test_a_document_without_newer_fields_can_be_changed(services: Services) -> None:
    await services.database.members.insert_one(
        {"_id": "T1:UOLD", "team_id": "T1", "slack_id": "UOLD", "role": "moderator", "skills": []}
    )
    old = await member_of(services, "UOLD")

    after = await services.member_admin.update_member(
        await member_of(services, "UGRACE"), old, {"capacity": 2}
    )

    assert (after.capacity, after.appointed) == (2, False)
