"""Whatever an admin decides about people, somebody can always decide again."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from models.appointing import PERSON, appoint
from models.clock import now
from models.desk import Desk
from models.errors import DeskError, InvalidDraft
from models.member import Member, Profile, Role
from sandbox.servers import Servers
from tests.desks import desk_on


@pytest.fixture
async def desk(servers: Servers) -> AsyncIterator[Desk]:
    """A desk of which Grace is the one admin, but for Root, whom the settings name."""
    async with desk_on(servers, admin_slack_ids=["UROOT"]) as desk:
        await desk.store.set_role("T1", "UROOT", role=Role.USER)
        await desk.store.set_role("T1", "UGRACE", role=Role.ADMIN)
        yield desk


async def known(desk: Desk, slack_id: str) -> Member:
    return await desk.store.member("T1", slack_id)


async def refused(desk: Desk, slack_id: str, role: Role) -> str:
    """The field that is at fault when somebody is given a role, of which nothing is written."""
    grace, before = await known(desk, "UGRACE"), await known(desk, slack_id)
    acts = await desk.accounts.acts("T1")
    with pytest.raises(InvalidDraft) as error:
        await appoint(desk, grace, before, {"role": role})
    assert await known(desk, slack_id) == before
    assert await desk.accounts.acts("T1") == acts
    [field] = error.value.fields
    return field


async def test_the_last_admin_stays_one(desk: Desk) -> None:
    assert await refused(desk, "UGRACE", Role.USER) == PERSON
    grace = await known(desk, "UGRACE")
    assert (await appoint(desk, grace, grace, {"skills": ("vpn",)})).administers


async def test_who_is_always_an_admin_stays_one(desk: Desk) -> None:
    await desk.store.set_role("T1", "UROOT", role=Role.ADMIN)

    assert await refused(desk, "UROOT", Role.MODERATOR) == PERSON


async def test_slack_decides_about_guests_and_its_group(desk: Desk) -> None:
    await desk.store.note("T1", "UGUEST", guest=True)
    await desk.store.note("T1", "UGROUP", role="moderator", by_group=True)

    assert await refused(desk, "UGUEST", Role.MODERATOR) == "role"
    assert await refused(desk, "UGROUP", Role.USER) == "role"
    grace = await known(desk, "UGRACE")
    admin = await appoint(desk, grace, await known(desk, "UGROUP"), {"role": Role.ADMIN})
    assert (admin.role, admin.by_group, admin.appointed) == (Role.ADMIN, False, True)


async def test_two_who_take_each_others_role_leave_an_admin(desk: Desk) -> None:
    for _ in range(5):
        pair = [await desk.store.set_role("T1", one, role=Role.ADMIN) for one in ("U1", "UGRACE")]
        await asyncio.gather(
            *(appoint(desk, pair[n], pair[1 - n], {"role": Role.USER}) for n in (0, 1)),
            return_exceptions=True,
        )
        admins = [one for one in await desk.store.moderators("T1") if one.administers]
        assert admins
        await desk.store.set_role("T1", "U1", role=Role.USER)


async def test_what_was_decided_of_somebody_else_than_they_are_is_not_done(desk: Desk) -> None:
    grace, before = await known(desk, "UGRACE"), await known(desk, "UBOB")
    await desk.store.note("T1", "UBOB", trusted=True)

    with pytest.raises(DeskError, match="Somebody else"):
        await appoint(desk, grace, before, {"role": Role.MODERATOR})

    assert (await known(desk, "UBOB")).role is Role.USER
    undone, done = [one for one in await desk.accounts.acts("T1") if one.to == "UBOB"]
    assert (done.after, done.before) == (undone.before, undone.after)


async def test_who_was_said_to_be_a_user_does_not_become_an_admin_by_owning(desk: Desk) -> None:
    owner = Profile(name="Olga", email=None, tz="UTC", owner=True, active=True)
    grace, olga = await known(desk, "UGRACE"), await known(desk, "UOLGA")

    decided = await appoint(desk, grace, olga, {"role": Role.USER})

    assert (await desk.store.set_profile(decided, owner, at=now())).role is Role.USER


async def test_a_document_from_before_a_field_was_can_be_changed(desk: Desk) -> None:
    await desk.database.members.insert_one(
        {"_id": "T1:UOLD", "team_id": "T1", "slack_id": "UOLD", "role": "moderator", "skills": []}
    )
    old = await known(desk, "UOLD")

    after = await appoint(desk, await known(desk, "UGRACE"), old, {"capacity": 2})

    assert (after.capacity, after.appointed) == (2, False)
