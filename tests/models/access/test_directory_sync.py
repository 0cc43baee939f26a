"""People as Slack has them: profiles, who left, who came back, guests, the user group."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest

from jobs.runner.step_context import StepContext
from jobs.runner.sweep import refresh_stale_profiles
from models.access.api_token import Scope
from models.clock import utc_now
from models.errors import InvalidToken
from models.people.member import Member, Profile, Role
from models.ticket_service import TicketService
from sandbox.services.database_servers import DatabaseServers
from sandbox.slack.actors.person import Person
from sandbox.slack.app_manifest.manifest import load_manifest
from sandbox.slack.entities.people import user_object
from sandbox.slack.workspace import Workspace
from tests.project import MANIFEST
from tests.service_factory import run_service

TEAM = "T0FRONT01"
HOUR = timedelta(hours=1)

ApplyUserChange = Callable[..., Awaitable[bool]]


@pytest.fixture(scope="module")
async def slack() -> AsyncIterator[Workspace]:
    """A workspace."""
    async with Workspace(load_manifest(MANIFEST)) as slack:
        yield slack


@pytest.fixture(scope="module")
async def service(servers: DatabaseServers, slack: Workspace) -> AsyncIterator[TicketService]:
    """A desk of that workspace, which is not for guests."""
    settings = {"slack_api_url": slack.api_url, "slack_bot_token": slack.bot_token}
    async with run_service(servers, **settings) as service:
        await service.guest_policies.update(TEAM, {"guests": False})
        yield service


@pytest.fixture
def apply_user_change(service: TicketService) -> ApplyUserChange:
    """What a user_change says of somebody; fields of the account changed first."""

    async def hear(person: Person, **fields: Any) -> bool:
        for name, value in fields.items():
            setattr(person.member, name, value)
        user = user_object(person.member, home_team_id=TEAM, with_email=True, with_locale=True)
        return await service.directory.apply_profile(TEAM, user)

    return hear


async def known(service: TicketService, person: Person) -> Member:
    return await service.members.get_or_create_member(TEAM, person.id)


async def acts_on(service: TicketService, person: Person) -> list[tuple[str, str, str]]:
    """What was done to an account, the newest first."""
    acts = await service.audit_log.entries(TEAM)
    return [(act.who, act.what, act.via) for act in acts if act.to == person.id]


async def moderator(service: TicketService, slack: Workspace, handle: str, **more: Any) -> Person:
    """A person whom the desk knows as a moderator."""
    person = slack.add_person(handle, real_name=handle, email=f"{handle}@acme.example", **more)
    await service.member_with_profile(TEAM, person.id)
    await service.members.set_role(TEAM, person.id, role=Role.MODERATOR, skills=["vpn"])
    return person


async def test_a_changed_profile_is_known_at_once_and_an_older_one_comes_too_late(
    service: TicketService, slack: Workspace, apply_user_change: ApplyUserChange
) -> None:
    person = await moderator(service, slack, "pia")

    await apply_user_change(
        person, real_name="Pia Two", email="two@acme.example", updated=2_000_000_002
    )
    await apply_user_change(
        person, real_name="Pia One", email="one@acme.example", updated=2_000_000_001
    )

    member = await known(service, person)
    assert (member.name, member.email, member.role) == ("Pia Two", "two@acme.example", "moderator")


async def test_of_people_who_never_had_to_do_with_the_desk_nothing_is_kept(
    service: TicketService, slack: Workspace, apply_user_change: ApplyUserChange
) -> None:
    nobody = slack.add_person("nobody", real_name="No Body", email="nobody@acme.example")

    assert not await apply_user_change(nobody)

    assert await service.members.find_member(TEAM, nobody.id) is None


async def test_who_is_deactivated_loses_tickets_and_tokens_once(
    service: TicketService, slack: Workspace, apply_user_change: ApplyUserChange
) -> None:
    person = await moderator(service, slack, "dan")
    token, _ = await service.api_tokens.issue_token(
        await known(service, person), name="ci", scopes=[Scope.READ], lifetime=HOUR
    )

    assert await apply_user_change(person, deleted=True)
    assert not await apply_user_change(person)

    member = await known(service, person)
    assert (member.active, member.name, member.email) == (False, "dan", "dan@acme.example")
    with pytest.raises(InvalidToken):
        await service.api_tokens.authenticate(token)
    assert await acts_on(service, person) == [("", "changed account", "Slack profile")]

    await apply_user_change(person, deleted=False)
    assert (await known(service, person)).active
    with pytest.raises(InvalidToken):
        await service.api_tokens.authenticate(token)


async def test_who_is_created_anew_takes_over_once_and_only_from_who_left(
    service: TicketService, slack: Workspace, apply_user_change: ApplyUserChange
) -> None:
    old = await moderator(service, slack, "kim")
    twin = slack.add_person("kim2", real_name="Kim", email="kim@acme.example")
    assert (await service.member_with_profile(TEAM, twin.id)).role is Role.USER

    await apply_user_change(old, deleted=True)
    new, third = (
        slack.add_person(handle, real_name="Kim", email="kim@acme.example")
        for handle in ("kim3", "kim4")
    )
    await apply_user_change(new)
    await apply_user_change(new)
    await apply_user_change(third)

    member = await known(service, new)
    assert (member.role, member.skills) == (Role.MODERATOR, ("vpn",))
    assert (await known(service, twin)).role is (await known(service, old)).role is Role.USER
    assert await service.members.find_member(TEAM, third.id) is None
    assert await acts_on(service, new) == [("", "took over role and skills", "same e-mail")]


@pytest.mark.parametrize(
    ("handle", "unsure"),
    [
        ("lea", {"is_email_confirmed": False}),
        ("lou", {"is_restricted": True}),
        ("lux", {"deleted": True}),
    ],
)
async def test_nobody_takes_over_by_an_address_that_may_not_be_theirs(
    service: TicketService,
    slack: Workspace,
    apply_user_change: ApplyUserChange,
    handle: str,
    unsure: dict[str, bool],
) -> None:
    old = await moderator(service, slack, handle)
    await apply_user_change(old, deleted=True)
    fresh = slack.add_person(f"{handle}2", real_name=handle, email=old.email)
    await known(service, fresh)
    user = user_object(fresh.member, home_team_id=TEAM, with_email=True, with_locale=True)

    await service.directory.apply_profile(TEAM, user | unsure)

    heir = await known(service, fresh)
    assert (heir.role, heir.skills) == (Role.USER, ())
    assert (await known(service, old)).role is Role.MODERATOR


async def test_a_guest_is_a_user_and_their_tokens_count_where_guests_may(
    service: TicketService, slack: Workspace, apply_user_change: ApplyUserChange
) -> None:
    person = await moderator(service, slack, "gus")
    token, _ = await service.api_tokens.issue_token(
        await known(service, person), name="ci", scopes=[Scope.READ], lifetime=HOUR
    )
    assert await service.api_tokens.authenticate(token)

    assert await apply_user_change(person, guest=True)

    member = await known(service, person)
    assert (member.guest, member.role) == (True, Role.USER)
    with pytest.raises(InvalidToken):
        await service.api_tokens.authenticate(token)
    await service.guest_policies.update(TEAM, {"guests": True})
    assert (await service.api_tokens.authenticate(token)).member.guest
    await service.guest_policies.update(TEAM, {"guests": False})


@pytest.mark.parametrize("limit", ["is_restricted", "is_ultra_restricted", "is_bot"])
def test_whoever_is_no_full_member_is_a_guest(limit: str) -> None:
    full = {"id": "U1", "team_id": TEAM, "real_name": "Ida", "updated": 7}

    assert not Profile.from_slack_user(full, team_id=TEAM).guest
    guest = Profile.from_slack_user(full | {limit: True}, team_id=TEAM)
    assert (guest.guest, guest.stranger) == (True, False)
    for elsewhere in ({"team_id": "T0OTHER"}, {"is_stranger": True}):
        stranger = Profile.from_slack_user(full | elsewhere, team_id=TEAM)
        assert (stranger.guest, stranger.stranger) == (True, True)


async def test_the_user_group_gives_and_takes_its_role_and_no_other(
    service: TicketService, slack: Workspace, apply_user_change: ApplyUserChange
) -> None:
    hired = await moderator(service, slack, "hal")
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

    await service.guest_policies.update(TEAM, {"moderators": group.id})

    async def roles() -> dict[str, tuple[str, bool]]:
        members = {h: await known(service, p) for h, p in (people | {"hal": hired}).items()}
        return {handle: (one.role.value, one.by_group) for handle, one in members.items()}

    assert not await service.directory.sync_moderator_group(TEAM)
    assert await roles() == {
        "ivy": ("moderator", True),
        "jon": ("moderator", True),
        "boss": ("admin", False),
        "visitor": ("user", False),
        "hal": ("moderator", False),
    }
    assert (await acts_on(service, people["ivy"]))[0] == (
        "",
        "changed account",
        f"user group {group.id}",
    )
    await service.members.set_role(TEAM, people["jon"].id, role=Role.ADMIN)

    # Hired in between: the role is theirs, whatever was read before.
    assert not await service.members.set_role_by_group(await known(service, hired), in_group=False)
    group.users = []
    assert await service.directory.sync_moderator_group(TEAM)
    assert not await service.directory.sync_moderator_group(TEAM)
    assert await roles() == {
        "ivy": ("user", False),
        "jon": ("admin", False),
        "boss": ("admin", False),
        "visitor": ("user", False),
        "hal": ("moderator", False),
    }


async def test_without_the_group_nobody_keeps_a_role_by_it(
    service: TicketService, slack: Workspace
) -> None:
    person = slack.add_person("liv", real_name="Liv", email="liv@acme.example")
    group = slack.add_usergroup("livs", name="Livs", users=[person])

    async def follows(group_id: str) -> bool:
        await service.guest_policies.update(TEAM, {"moderators": group_id})
        return await service.directory.sync_moderator_group(TEAM)

    await follows(group.id)
    assert (await known(service, person)).role is Role.MODERATOR

    assert await follows("S0NOWHERE0")
    assert (await known(service, person)).role is Role.USER

    await follows(group.id)
    assert await follows("")
    assert (await known(service, person)).role is Role.USER


async def test_when_the_last_admin_leaves_an_owner_can_become_one(
    servers: DatabaseServers, slack: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    settings = {"slack_api_url": slack.api_url, "slack_bot_token": slack.bot_token}
    async with run_service(servers, **settings) as service:
        last, owner, other = (
            slack.add_person(handle, real_name=handle, email=f"{handle}@acme.example", owner=owns)
            for handle, owns in (("last", False), ("owner", True), ("other", False))
        )
        await service.members.set_role(TEAM, last.id, role=Role.ADMIN)
        demoted = await service.members.set_role(TEAM, owner.id, role=Role.USER)
        assert not (await service.directory.promote_owner(demoted)).can_administer

        last.member.deleted = True
        user = user_object(last.member, home_team_id=TEAM, with_email=True, with_locale=True)
        await service.directory.apply_profile(TEAM, user)

        assert "no admin is left" in caplog.text
        stranger = await service.members.get_or_create_member(TEAM, other.id)
        assert not (await service.directory.promote_owner(stranger)).can_administer
        assert (await service.directory.promote_owner(demoted)).can_administer


async def test_whom_the_settings_make_an_admin_is_in_the_log_once(servers: DatabaseServers) -> None:
    async with run_service(servers, admin_slack_ids=["UROOT"]) as service:
        for _ in range(2):
            await service.prepare(TEAM)

        assert (await service.members.get_or_create_member(TEAM, "UROOT")).can_administer
        [act] = await service.audit_log.entries(TEAM)
        assert (act.who, act.to, act.via) == ("", "UROOT", "ADMIN_SLACK_IDS")
        assert (act.before["role"], act.after["role"]) == ("user", "admin")


async def test_who_has_left_unheard_is_found_out_about(
    service: TicketService, slack: Workspace
) -> None:
    holders: dict[Person, str] = {}
    for handle in ("gone", "here"):
        person = slack.add_person(handle, real_name=handle, email=f"{handle}@acme.example")
        member = await service.member_with_profile(TEAM, person.id)
        holders[person], _ = await service.api_tokens.issue_token(
            member, name="ci", scopes=[Scope.READ], lifetime=HOUR
        )
    gone, here = holders
    gone.member.deleted = True
    context = {"tools": StepContext(service, None)}

    await refresh_stale_profiles(context)
    assert await service.api_tokens.authenticate(holders[gone])

    for person in holders:
        long_ago = utc_now() - timedelta(hours=13)
        await service.members.update_member(TEAM, person.id, profiled_at=long_ago)
    await refresh_stale_profiles(context)

    assert not (await known(service, gone)).active
    with pytest.raises(InvalidToken):
        await service.api_tokens.authenticate(holders[gone])
    assert (await service.api_tokens.authenticate(holders[here])).member.active
