"""Whatever an admin decides about people, somebody can always decide again."""

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
    """A desk of which Grace is the one admin, but for Root, whom the settings name."""
    async with run_service(servers, admin_slack_ids=["UROOT"]) as service:
        await service.members.set_role("T1", "UROOT", role=Role.USER)
        await service.members.set_role("T1", "UGRACE", role=Role.ADMIN)
        yield service


async def known(service: TicketService, slack_id: str) -> Member:
    return await service.members.get_or_create_member("T1", slack_id)


async def refused(service: TicketService, slack_id: str, role: Role) -> str:
    """The field that is at fault when somebody is given a role, of which nothing is written."""
    grace, before = await known(service, "UGRACE"), await known(service, slack_id)
    acts = await service.audit_log.entries("T1")
    with pytest.raises(InvalidInput) as error:
        await update_member(service, grace, before, {"role": role})
    assert await known(service, slack_id) == before
    assert await service.audit_log.entries("T1") == acts
    [field] = error.value.fields
    return field


async def test_the_last_admin_stays_one(service: TicketService) -> None:
    assert await refused(service, "UGRACE", Role.USER) == PERSON_FIELD
    grace = await known(service, "UGRACE")
    assert (await update_member(service, grace, grace, {"skills": ("vpn",)})).can_administer


async def test_who_is_always_an_admin_stays_one(service: TicketService) -> None:
    await service.members.set_role("T1", "UROOT", role=Role.ADMIN)

    assert await refused(service, "UROOT", Role.MODERATOR) == PERSON_FIELD


async def test_slack_decides_about_guests_and_its_group(service: TicketService) -> None:
    await service.members.update_member("T1", "UGUEST", guest=True)
    await service.members.update_member("T1", "UGROUP", role="moderator", by_group=True)

    assert await refused(service, "UGUEST", Role.MODERATOR) == "role"
    assert await refused(service, "UGROUP", Role.USER) == "role"
    grace = await known(service, "UGRACE")
    admin = await update_member(
        service, grace, await known(service, "UGROUP"), {"role": Role.ADMIN}
    )
    assert (admin.role, admin.by_group, admin.appointed) == (Role.ADMIN, False, True)


async def test_two_who_take_each_others_role_leave_an_admin(service: TicketService) -> None:
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


async def test_what_was_decided_of_somebody_else_than_they_are_is_not_done(
    service: TicketService,
) -> None:
    grace, before = await known(service, "UGRACE"), await known(service, "UBOB")
    await service.members.update_member("T1", "UBOB", trusted=True)

    with pytest.raises(UserFacingError, match="Somebody else"):
        await update_member(service, grace, before, {"role": Role.MODERATOR})

    assert (await known(service, "UBOB")).role is Role.USER
    undone, done = [one for one in await service.audit_log.entries("T1") if one.to == "UBOB"]
    assert (done.after, done.before) == (undone.before, undone.after)


async def test_who_was_said_to_be_a_user_does_not_become_an_admin_by_owning(
    service: TicketService,
) -> None:
    owner = Profile(name="Olga", email=None, tz="UTC", is_owner=True, active=True)
    grace, olga = await known(service, "UGRACE"), await known(service, "UOLGA")

    decided = await update_member(service, grace, olga, {"role": Role.USER})

    assert (
        await service.members.set_profile(decided, owner, profiled_at=utc_now())
    ).role is Role.USER


async def test_a_document_from_before_a_field_was_can_be_changed(service: TicketService) -> None:
    await service.database.members.insert_one(
        {"_id": "T1:UOLD", "team_id": "T1", "slack_id": "UOLD", "role": "moderator", "skills": []}
    )
    old = await known(service, "UOLD")

    after = await update_member(service, await known(service, "UGRACE"), old, {"capacity": 2})

    assert (after.capacity, after.appointed) == (2, False)
