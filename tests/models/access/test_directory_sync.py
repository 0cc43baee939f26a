"""Directory sync with a simulated Slack: profiles, deactivations, guests and the user group."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from jobs.runner.sweep import refresh_stale_profiles
from models.access.api_token import Scope
from models.clock import utc_now
from models.errors import InvalidToken
from models.people.member import Member, Profile, Role
from models.services import Services, bind
from sandbox.services.database_servers import DatabaseServers
from sandbox.slack.actors.person import Person
from sandbox.slack.app_manifest.manifest import load_manifest
from sandbox.slack.entities.people import user_object
from sandbox.slack.workspace import Workspace
from tests.project import MANIFEST
from tests.service_factory import run_services

TEAM = "T0FRONT01"
HOUR = timedelta(hours=1)

ApplyUserChange = Callable[..., Awaitable[bool]]


@pytest.fixture(scope="module")
async def slack() -> AsyncIterator[Workspace]:
    async with Workspace(load_manifest(MANIFEST)) as slack:
        yield slack


@pytest.fixture(scope="module")
async def services(servers: DatabaseServers, slack: Workspace) -> AsyncIterator[Services]:
    """A service for that workspace, whose policy denies guests."""
    settings = {"slack_api_url": slack.api_url, "slack_bot_token": slack.bot_token}
    async with run_services(servers, **settings) as services:
        await services.workspace_settings.update(TEAM, {"guests": False})
        yield services


@pytest.fixture
def apply_user_change(services: Services) -> ApplyUserChange:
    """Changes fields of an account, and applies its user_change event."""

    async def apply_change(person: Person, **fields: Any) -> bool:
        for name, value in fields.items():
            setattr(person.member, name, value)
        user = user_object(person.member, home_team_id=TEAM, with_email=True, with_locale=True)
        return await services.directory.apply_profile(TEAM, user)

    return apply_change


async def member_of(services: Services, person: Person) -> Member:
    return await services.members.get_or_create_member(TEAM, person.id)


async def audited_changes(services: Services, person: Person) -> list[tuple[str, str, str]]:
    """Actor, verb and source of the audit entries of a person, newest first."""
    entries = await services.audit_log.entries(TEAM)
    return [(entry.who, entry.what, entry.via) for entry in entries if entry.to == person.id]


async def add_moderator(services: Services, slack: Workspace, handle: str, **more: Any) -> Person:
    person = slack.add_person(handle, real_name=handle, email=f"{handle}@acme.example", **more)
    await services.directory.member_with_profile(TEAM, person.id)
    await services.members.set_role(TEAM, person.id, role=Role.MODERATOR, skills=["vpn"])
    return person


async def test_the_newest_profile_wins_over_a_late_older_one(
    services: Services, slack: Workspace, apply_user_change: ApplyUserChange
) -> None:
    person = await add_moderator(services, slack, "pia")

    await apply_user_change(
        person, real_name="Pia Two", email="two@acme.example", updated=2_000_000_002
    )
    await apply_user_change(
        person, real_name="Pia One", email="one@acme.example", updated=2_000_000_001
    )

    member = await member_of(services, person)
    assert (member.name, member.email, member.role) == ("Pia Two", "two@acme.example", "moderator")


async def test_people_without_a_member_record_are_not_stored(
    services: Services, slack: Workspace, apply_user_change: ApplyUserChange
) -> None:
    nobody = slack.add_person("nobody", real_name="No Body", email="nobody@acme.example")

    assert not await apply_user_change(nobody)

    assert await services.members.find_member(TEAM, nobody.id) is None


async def test_deactivation_takes_role_and_tokens_once(
    services: Services, slack: Workspace, apply_user_change: ApplyUserChange
) -> None:
    person = await add_moderator(services, slack, "dan")
    token, _ = await services.api_tokens.issue_token(
        await member_of(services, person), name="ci", scopes=[Scope.READ], lifetime=HOUR
    )

    assert await apply_user_change(person, deleted=True)
    assert not await apply_user_change(person)

    member = await member_of(services, person)
    assert (member.active, member.name, member.email) == (False, "dan", "dan@acme.example")
    with pytest.raises(InvalidToken):
        await services.api_tokens.authenticate(token)
    assert await audited_changes(services, person) == [("", "changed account", "Slack profile")]

    await apply_user_change(person, deleted=False)
    assert (await member_of(services, person)).active
    with pytest.raises(InvalidToken):
        await services.api_tokens.authenticate(token)


async def test_a_new_account_inherits_once_from_a_deactivated_one(
    services: Services, slack: Workspace, apply_user_change: ApplyUserChange
) -> None:
    old = await add_moderator(services, slack, "kim")
    twin = slack.add_person("kim2", real_name="Kim", email="kim@acme.example")
    assert (await services.directory.member_with_profile(TEAM, twin.id)).role is Role.USER

    await apply_user_change(old, deleted=True)
    new, third = (
        slack.add_person(handle, real_name="Kim", email="kim@acme.example")
        for handle in ("kim3", "kim4")
    )
    await apply_user_change(new)
    await apply_user_change(new)
    await apply_user_change(third)

    member = await member_of(services, new)
    assert (member.role, member.skills) == (Role.MODERATOR, ("vpn",))
    assert (
        (await member_of(services, twin)).role is (await member_of(services, old)).role is Role.USER
    )
    assert await services.members.find_member(TEAM, third.id) is None
    assert await audited_changes(services, new) == [
        ("", "took over role and skills", "same e-mail")
    ]


@pytest.mark.parametrize(
    ("handle", "unsure"),
    [
        ("lea", {"is_email_confirmed": False}),
        ("lou", {"is_restricted": True}),
        ("lux", {"deleted": True}),
    ],
)
async def test_an_unconfirmed_address_inherits_nothing(
    services: Services,
    slack: Workspace,
    apply_user_change: ApplyUserChange,
    handle: str,
    unsure: dict[str, bool],
) -> None:
    old = await add_moderator(services, slack, handle)
    await apply_user_change(old, deleted=True)
    new_person = slack.add_person(f"{handle}2", real_name=handle, email=old.email)
    await member_of(services, new_person)
    user = user_object(new_person.member, home_team_id=TEAM, with_email=True, with_locale=True)

    await services.directory.apply_profile(TEAM, user | unsure)

    heir = await member_of(services, new_person)
    assert (heir.role, heir.skills) == (Role.USER, ())
    assert (await member_of(services, old)).role is Role.MODERATOR


async def test_a_new_guest_is_a_user_with_tokens_by_the_guest_policy(
    services: Services, slack: Workspace, apply_user_change: ApplyUserChange
) -> None:
    person = await add_moderator(services, slack, "gus")
    token, _ = await services.api_tokens.issue_token(
        await member_of(services, person), name="ci", scopes=[Scope.READ], lifetime=HOUR
    )
    assert await services.api_tokens.authenticate(token)

    assert await apply_user_change(person, guest=True)

    member = await member_of(services, person)
    assert (member.guest, member.role) == (True, Role.USER)
    with pytest.raises(InvalidToken):
        await services.api_tokens.authenticate(token)
    await services.workspace_settings.update(TEAM, {"guests": True})
    assert (await services.api_tokens.authenticate(token)).member.guest
    await services.workspace_settings.update(TEAM, {"guests": False})


@pytest.mark.parametrize("limit", ["is_restricted", "is_ultra_restricted", "is_bot"])
def test_accounts_without_full_membership_are_guests(limit: str) -> None:
    full = {"id": "U1", "team_id": TEAM, "real_name": "Ida", "updated": 7}

    assert not Profile.from_slack_user(full, team_id=TEAM).guest
    guest = Profile.from_slack_user(full | {limit: True}, team_id=TEAM)
    assert (guest.guest, guest.stranger) == (True, False)
    for elsewhere in ({"team_id": "T0OTHER"}, {"is_stranger": True}):
        stranger = Profile.from_slack_user(full | elsewhere, team_id=TEAM)
        assert (stranger.guest, stranger.stranger) == (True, True)


async def test_the_user_group_changes_only_roles_that_it_gave(
    services: Services, slack: Workspace, apply_user_change: ApplyUserChange
) -> None:
    appointed = await add_moderator(services, slack, "hal")
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
    group = slack.add_usergroup("helpdesk", name="Help", users=[appointed, *people.values()])

    await services.workspace_settings.update(TEAM, {"moderators": group.id})

    async def roles() -> dict[str, tuple[str, bool]]:
        everybody = people | {"hal": appointed}
        members = {handle: await member_of(services, one) for handle, one in everybody.items()}
        return {handle: (one.role.value, one.by_group) for handle, one in members.items()}

    assert not await services.directory.sync_moderator_group(TEAM)
    assert await roles() == {
        "ivy": ("moderator", True),
        "jon": ("moderator", True),
        "boss": ("admin", False),
        "visitor": ("user", False),
        "hal": ("moderator", False),
    }
    assert (await audited_changes(services, people["ivy"]))[0] == (
        "",
        "changed account",
        f"user group {group.id}",
    )
    await services.members.set_role(TEAM, people["jon"].id, role=Role.ADMIN)

    # Appointed after the group was read: the role stays.
    assert not await services.members.set_role_by_group(
        await member_of(services, appointed), in_group=False
    )
    group.users = []
    assert await services.directory.sync_moderator_group(TEAM)
    assert not await services.directory.sync_moderator_group(TEAM)
    assert await roles() == {
        "ivy": ("user", False),
        "jon": ("admin", False),
        "boss": ("admin", False),
        "visitor": ("user", False),
        "hal": ("moderator", False),
    }


async def test_members_lose_the_role_of_a_removed_group(
    services: Services, slack: Workspace
) -> None:
    person = slack.add_person("liv", real_name="Liv", email="liv@acme.example")
    group = slack.add_usergroup("livs", name="Livs", users=[person])

    async def use_group(group_id: str) -> bool:
        await services.workspace_settings.update(TEAM, {"moderators": group_id})
        return await services.directory.sync_moderator_group(TEAM)

    await use_group(group.id)
    assert (await member_of(services, person)).role is Role.MODERATOR

    assert await use_group("S0NOWHERE0")
    assert (await member_of(services, person)).role is Role.USER

    await use_group(group.id)
    assert await use_group("")
    assert (await member_of(services, person)).role is Role.USER


async def test_an_owner_becomes_admin_after_the_last_admin_left(
    servers: DatabaseServers, slack: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    settings = {"slack_api_url": slack.api_url, "slack_bot_token": slack.bot_token}
    async with run_services(servers, **settings) as services:
        last, owner, other = (
            slack.add_person(handle, real_name=handle, email=f"{handle}@acme.example", owner=owns)
            for handle, owns in (("last", False), ("owner", True), ("other", False))
        )
        await services.members.set_role(TEAM, last.id, role=Role.ADMIN)
        demoted = await services.members.set_role(TEAM, owner.id, role=Role.USER)
        assert not (await services.directory.promote_owner(demoted)).can_administer

        last.member.deleted = True
        user = user_object(last.member, home_team_id=TEAM, with_email=True, with_locale=True)
        await services.directory.apply_profile(TEAM, user)

        assert "no admin is left" in caplog.text
        stranger = await services.members.get_or_create_member(TEAM, other.id)
        assert not (await services.directory.promote_owner(stranger)).can_administer
        assert (await services.directory.promote_owner(demoted)).can_administer


async def test_a_configured_admin_is_audited_once(servers: DatabaseServers) -> None:
    async with run_services(servers, admin_slack_ids=["UROOT"]) as services:
        for _ in range(2):
            await services.prepare(TEAM)

        assert (await services.members.get_or_create_member(TEAM, "UROOT")).can_administer
        [entry] = await services.audit_log.entries(TEAM)
        assert (entry.who, entry.to, entry.via) == ("", "UROOT", "ADMIN_SLACK_IDS")
        assert (entry.before["role"], entry.after["role"]) == ("user", "admin")


async def test_a_missed_deactivation_is_found_by_the_sweep(
    services: Services, slack: Workspace
) -> None:
    tokens: dict[Person, str] = {}
    for handle in ("gone", "here"):
        person = slack.add_person(handle, real_name=handle, email=f"{handle}@acme.example")
        member = await services.directory.member_with_profile(TEAM, person.id)
        tokens[person], _ = await services.api_tokens.issue_token(
            member, name="ci", scopes=[Scope.READ], lifetime=HOUR
        )
    gone, here = tokens
    gone.member.deleted = True
    refresh = bind(refresh_stale_profiles, services)

    await refresh()
    assert await services.api_tokens.authenticate(tokens[gone])

    for person in tokens:
        long_ago = utc_now() - timedelta(hours=13)
        await services.members.update_member(TEAM, person.id, profiled_at=long_ago)
    await refresh()

    assert not (await member_of(services, gone)).active
    with pytest.raises(InvalidToken):
        await services.api_tokens.authenticate(tokens[gone])
    assert (await services.api_tokens.authenticate(tokens[here])).member.active
