"""People as Slack has them: profiles, who left, who came back, guests, the user group."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from jobs.retrying import Tools
from jobs.sweep import ask_about_people
from models.account import Scope
from models.clock import now
from models.desk import Desk
from models.errors import NoSuchToken
from models.member import Member, Profile, Role
from sandbox.servers import Servers
from sandbox.slack.manifest import load_manifest
from sandbox.slack.people import user_object
from sandbox.slack.person import Person
from sandbox.slack.workspace import Workspace
from tests.desks import desk_on

MANIFEST = Path(__file__).parents[2] / "manifest.yml"
TEAM = "T0FRONT01"
HOUR = timedelta(hours=1)

Hear = Callable[..., Awaitable[bool]]


@pytest.fixture(scope="module")
async def slack() -> AsyncIterator[Workspace]:
    """A workspace."""
    async with Workspace(load_manifest(MANIFEST)) as slack:
        yield slack


@pytest.fixture(scope="module")
async def desk(servers: Servers, slack: Workspace) -> AsyncIterator[Desk]:
    """A desk of that workspace, which is not for guests."""
    settings = {"slack_api_url": slack.api_url, "slack_bot_token": slack.bot_token}
    async with desk_on(servers, **settings) as desk:
        await desk.welcomes.change(TEAM, {"guests": False})
        yield desk


@pytest.fixture
def hear(desk: Desk) -> Hear:
    """What a user_change says of somebody; fields of the account changed first."""

    async def hear(person: Person, **fields: Any) -> bool:
        for name, value in fields.items():
            setattr(person.member, name, value)
        user = user_object(person.member, home_team=TEAM, with_email=True, locale=True)
        return await desk.people.heard(TEAM, user)

    return hear


async def known(desk: Desk, person: Person) -> Member:
    return await desk.store.member(TEAM, person.id)


async def acts_on(desk: Desk, person: Person) -> list[tuple[str, str, str]]:
    """What was done to an account, the newest first."""
    acts = await desk.accounts.acts(TEAM)
    return [(act.who, act.what, act.via) for act in acts if act.to == person.id]


async def moderator(desk: Desk, slack: Workspace, handle: str, **more: Any) -> Person:
    """A person whom the desk knows as a moderator."""
    person = slack.add_person(handle, real_name=handle, email=f"{handle}@acme.example", **more)
    await desk.acquainted(TEAM, person.id)
    await desk.store.set_role(TEAM, person.id, role=Role.MODERATOR, skills=["vpn"])
    return person


async def test_a_changed_profile_is_known_at_once_and_an_older_one_comes_too_late(
    desk: Desk, slack: Workspace, hear: Hear
) -> None:
    person = await moderator(desk, slack, "pia")

    await hear(person, real_name="Pia Two", email="two@acme.example", updated=2_000_000_002)
    await hear(person, real_name="Pia One", email="one@acme.example", updated=2_000_000_001)

    member = await known(desk, person)
    assert (member.name, member.email, member.role) == ("Pia Two", "two@acme.example", "moderator")


async def test_of_people_who_never_had_to_do_with_the_desk_nothing_is_kept(
    desk: Desk, slack: Workspace, hear: Hear
) -> None:
    nobody = slack.add_person("nobody", real_name="No Body", email="nobody@acme.example")

    assert not await hear(nobody)

    assert await desk.store.known(TEAM, nobody.id) is None


async def test_who_is_deactivated_loses_tickets_and_tokens_once(
    desk: Desk, slack: Workspace, hear: Hear
) -> None:
    person = await moderator(desk, slack, "dan")
    token, _ = await desk.accounts.issue(
        await known(desk, person), name="ci", scopes=[Scope.READ], life=HOUR
    )

    assert await hear(person, deleted=True)
    assert not await hear(person)

    member = await known(desk, person)
    assert (member.active, member.name, member.email) == (False, "dan", "dan@acme.example")
    with pytest.raises(NoSuchToken):
        await desk.accounts.caller(token)
    assert await acts_on(desk, person) == [("", "changed account", "Slack profile")]

    await hear(person, deleted=False)
    assert (await known(desk, person)).active
    with pytest.raises(NoSuchToken):
        await desk.accounts.caller(token)


async def test_who_is_created_anew_takes_over_once_and_only_from_who_left(
    desk: Desk, slack: Workspace, hear: Hear
) -> None:
    old = await moderator(desk, slack, "kim")
    twin = slack.add_person("kim2", real_name="Kim", email="kim@acme.example")
    assert (await desk.acquainted(TEAM, twin.id)).role is Role.USER

    await hear(old, deleted=True)
    new, third = (
        slack.add_person(handle, real_name="Kim", email="kim@acme.example")
        for handle in ("kim3", "kim4")
    )
    await hear(new)
    await hear(new)
    await hear(third)

    member = await known(desk, new)
    assert (member.role, member.skills) == (Role.MODERATOR, ("vpn",))
    assert (await known(desk, twin)).role is (await known(desk, old)).role is Role.USER
    assert await desk.store.known(TEAM, third.id) is None
    assert await acts_on(desk, new) == [("", "took over role and skills", "same e-mail")]


@pytest.mark.parametrize(
    ("handle", "unsure"),
    [
        ("lea", {"is_email_confirmed": False}),
        ("lou", {"is_restricted": True}),
        ("lux", {"deleted": True}),
    ],
)
async def test_nobody_takes_over_by_an_address_that_may_not_be_theirs(
    desk: Desk, slack: Workspace, hear: Hear, handle: str, unsure: dict[str, bool]
) -> None:
    old = await moderator(desk, slack, handle)
    await hear(old, deleted=True)
    fresh = slack.add_person(f"{handle}2", real_name=handle, email=old.email)
    await known(desk, fresh)
    user = user_object(fresh.member, home_team=TEAM, with_email=True, locale=True)

    await desk.people.heard(TEAM, user | unsure)

    heir = await known(desk, fresh)
    assert (heir.role, heir.skills) == (Role.USER, ())
    assert (await known(desk, old)).role is Role.MODERATOR


async def test_a_guest_is_a_user_and_their_tokens_count_where_guests_may(
    desk: Desk, slack: Workspace, hear: Hear
) -> None:
    person = await moderator(desk, slack, "gus")
    token, _ = await desk.accounts.issue(
        await known(desk, person), name="ci", scopes=[Scope.READ], life=HOUR
    )
    assert await desk.accounts.caller(token)

    assert await hear(person, guest=True)

    member = await known(desk, person)
    assert (member.guest, member.role) == (True, Role.USER)
    with pytest.raises(NoSuchToken):
        await desk.accounts.caller(token)
    await desk.welcomes.change(TEAM, {"guests": True})
    assert (await desk.accounts.caller(token)).member.guest
    await desk.welcomes.change(TEAM, {"guests": False})


@pytest.mark.parametrize("limit", ["is_restricted", "is_ultra_restricted", "is_bot"])
def test_whoever_is_no_full_member_is_a_guest(limit: str) -> None:
    full = {"id": "U1", "team_id": TEAM, "real_name": "Ida", "updated": 7}

    assert not Profile.read(full, team_id=TEAM).guest
    guest = Profile.read(full | {limit: True}, team_id=TEAM)
    assert (guest.guest, guest.stranger) == (True, False)
    for elsewhere in ({"team_id": "T0OTHER"}, {"is_stranger": True}):
        stranger = Profile.read(full | elsewhere, team_id=TEAM)
        assert (stranger.guest, stranger.stranger) == (True, True)


async def test_the_user_group_gives_and_takes_its_role_and_no_other(
    desk: Desk, slack: Workspace, hear: Hear
) -> None:
    hired = await moderator(desk, slack, "hal")
    people = {
        handle: slack.add_person(
            handle,
            real_name=handle,
            email=f"{handle}@acme.example",
            owner=handle == "boss",
            guest=handle == "visitor",
        )
        for handle in ("ivy", "jon", "boss", "visitor")
    }
    group = slack.add_usergroup("helpdesk", name="Help", users=[hired, *people.values()])

    await desk.welcomes.change(TEAM, {"moderators": group.id})

    async def roles() -> dict[str, tuple[str, bool]]:
        members = {h: await known(desk, p) for h, p in (people | {"hal": hired}).items()}
        return {handle: (one.role.value, one.by_group) for handle, one in members.items()}

    assert not await desk.people.follow_group(TEAM)
    assert await roles() == {
        "ivy": ("moderator", True),
        "jon": ("moderator", True),
        "boss": ("admin", False),
        "visitor": ("user", False),
        "hal": ("moderator", False),
    }
    assert (await acts_on(desk, people["ivy"]))[0] == (
        "",
        "changed account",
        f"user group {group.id}",
    )
    await desk.store.set_role(TEAM, people["jon"].id, role=Role.ADMIN)

    # Hired in between: the role is theirs, whatever was read before.
    assert not await desk.store.set_by_group(await known(desk, hired), joins=False)
    group.users = []
    assert await desk.people.follow_group(TEAM)
    assert not await desk.people.follow_group(TEAM)
    assert await roles() == {
        "ivy": ("user", False),
        "jon": ("admin", False),
        "boss": ("admin", False),
        "visitor": ("user", False),
        "hal": ("moderator", False),
    }


async def test_without_the_group_nobody_keeps_a_role_by_it(desk: Desk, slack: Workspace) -> None:
    person = slack.add_person("liv", real_name="Liv", email="liv@acme.example")
    group = slack.add_usergroup("livs", name="Livs", users=[person])

    async def follows(group_id: str) -> bool:
        await desk.welcomes.change(TEAM, {"moderators": group_id})
        return await desk.people.follow_group(TEAM)

    await follows(group.id)
    assert (await known(desk, person)).role is Role.MODERATOR

    assert await follows("S0NOWHERE0")
    assert (await known(desk, person)).role is Role.USER

    await follows(group.id)
    assert await follows("")
    assert (await known(desk, person)).role is Role.USER


async def test_when_the_last_admin_leaves_an_owner_can_become_one(
    servers: Servers, slack: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    settings = {"slack_api_url": slack.api_url, "slack_bot_token": slack.bot_token}
    async with desk_on(servers, **settings) as desk:
        last, owner, other = (
            slack.add_person(handle, real_name=handle, email=f"{handle}@acme.example", owner=owns)
            for handle, owns in (("last", False), ("owner", True), ("other", False))
        )
        await desk.store.set_role(TEAM, last.id, role=Role.ADMIN)
        demoted = await desk.store.set_role(TEAM, owner.id, role=Role.USER)
        assert not (await desk.people.rescued(demoted)).administers

        last.member.deleted = True
        user = user_object(last.member, home_team=TEAM, with_email=True, locale=True)
        await desk.people.heard(TEAM, user)

        assert "no admin is left" in caplog.text
        stranger = await desk.store.member(TEAM, other.id)
        assert not (await desk.people.rescued(stranger)).administers
        assert (await desk.people.rescued(demoted)).administers


async def test_whom_the_settings_make_an_admin_is_in_the_log_once(servers: Servers) -> None:
    async with desk_on(servers, admin_slack_ids=["UROOT"]) as desk:
        for _ in range(2):
            await desk.begin(TEAM)

        assert (await desk.store.member(TEAM, "UROOT")).administers
        [act] = await desk.accounts.acts(TEAM)
        assert (act.who, act.to, act.via) == ("", "UROOT", "ADMIN_SLACK_IDS")
        assert (act.before["role"], act.after["role"]) == ("user", "admin")


async def test_who_has_left_unheard_is_found_out_about(desk: Desk, slack: Workspace) -> None:
    holders: dict[Person, str] = {}
    for handle in ("gone", "here"):
        person = slack.add_person(handle, real_name=handle, email=f"{handle}@acme.example")
        member = await desk.acquainted(TEAM, person.id)
        holders[person], _ = await desk.accounts.issue(
            member, name="ci", scopes=[Scope.READ], life=HOUR
        )
    gone, here = holders
    gone.member.deleted = True
    context = {"tools": Tools(desk, None)}

    await ask_about_people(context)
    assert await desk.accounts.caller(holders[gone])

    for person in holders:
        long_ago = now() - timedelta(hours=13)
        await desk.store.note(TEAM, person.id, profiled_at=long_ago)
    await ask_about_people(context)

    assert not (await known(desk, gone)).active
    with pytest.raises(NoSuchToken):
        await desk.accounts.caller(holders[gone])
    assert (await desk.accounts.caller(holders[here])).member.active
