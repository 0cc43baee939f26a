"""Guest policies on a real database: tickets of guests, their tokens, and concurrent changes."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from models.access.api_token import Scope
from models.clock import utc_now
from models.errors import InvalidInput, InvalidToken, NoSuchTicket, NotAllowed, ProfilePending
from models.people.member import Member
from models.services import Services
from models.tickets.actions import Verb
from models.tickets.ticket import Draft
from models.triage.result import Category
from models.triage.taxonomy import DEFAULT_TAXONOMY
from models.workspace.settings_store import SettingsStore
from models.workspace.workspace_settings import DENY_GUESTS, WorkspaceSettings
from tests.sample_tickets import make_triage


async def refusal_of(services: Services, admin: Member, slack_id: str) -> type[Exception] | None:
    """The type of the error when this person opens a ticket, or None."""
    draft = Draft(key=f"view:{uuid4()}", team_id=admin.team_id, requester=slack_id, title="VPN")
    try:
        await services.ticket_service.open_ticket(draft)
    except NotAllowed as error:
        return type(error)
    return None


async def make_people(services: Services, admin: Member) -> list[str]:
    """The ids of a full member, a guest, and a person of another workspace."""
    for slack_id, fields in (
        ("UFULL", {}),
        ("UGUEST", {"guest": True}),
        ("UELSE", {"guest": True, "stranger": True}),
    ):
        await services.members.update_member(
            admin.team_id, slack_id, profiled_at=utc_now(), **fields
        )
    return ["UFULL", "UGUEST", "UELSE"]


async def test_excluded_people_open_no_ticket_at_once(services: Services, admin: Member) -> None:
    slack_ids = await make_people(services, admin)
    assert [await refusal_of(services, admin, slack_id) for slack_id in slack_ids] == [
        None,
        None,
        None,
    ]

    await services.settings_admin.save(admin, {"guests": False, "strangers": True})

    # All in one batch: the policy is checked for each requester.
    slack_ids = [*slack_ids, "UNEW"]
    refusals = await asyncio.gather(*(refusal_of(services, admin, one) for one in slack_ids))
    assert refusals == [None, NotAllowed, None, ProfilePending]
    await services.settings_admin.save(admin, {"guests": True})
    assert await refusal_of(services, admin, "UGUEST") is None


async def test_tokens_work_only_while_the_policy_admits_their_owner(
    services: Services, admin: Member
) -> None:
    tokens = {}
    for slack_id in await make_people(services, admin):
        member = await services.members.get_or_create_member(admin.team_id, slack_id)
        tokens[slack_id], _ = await services.api_tokens.issue_token(
            member, name="ci", scopes=[Scope.READ], lifetime=timedelta(hours=1)
        )

    async def valid_owners() -> set[str]:
        owners = set()
        for slack_id, token in tokens.items():
            try:
                owners.add((await services.api_tokens.authenticate(token)).member.slack_id)
            except InvalidToken:
                assert slack_id != "UFULL"
        return owners

    assert await valid_owners() == {"UFULL", "UGUEST"}
    await services.settings_admin.save(admin, {"guests": False, "strangers": True})
    assert await valid_owners() == {"UFULL", "UELSE"}


async def test_only_a_changed_policy_adds_an_audit_entry(services: Services, admin: Member) -> None:
    assert await services.workspace_settings.load(admin.team_id) == WorkspaceSettings()

    await services.settings_admin.save(admin, {"guests": True})
    await services.settings_admin.save(admin, {"moderators": "S1"})

    [entry] = await services.audit_log.entries(admin.team_id)
    assert (entry.who, entry.what) == ("UGRACE", "changed settings")
    assert (entry.before, entry.after) == ({"moderators": ""}, {"moderators": "S1"})


async def test_two_admins_at_once_keep_each_others_changes(
    services: Services, admin: Member
) -> None:
    category = Category(name="Salaries")
    await asyncio.gather(
        services.settings_admin.save(admin, {"guests": False}),
        services.settings_admin.save(admin, {"strangers": True}),
        services.taxonomy_admin.save_category(admin, None, category),
    )

    assert await services.workspace_settings.load(admin.team_id) == WorkspaceSettings(
        guests=False, strangers=True
    )
    lists = await services.taxonomies.get_taxonomy(admin.team_id)
    assert lists.categories == DEFAULT_TAXONOMY.with_category(None, category).categories


@pytest.mark.parametrize("damage", [{"guests": "?"}, {"strangers": "?"}, {"floor_words": 7}])
async def test_invalid_settings_deny_guests(
    services: Services, admin: Member, damage: dict[str, object]
) -> None:
    team_id = f"T{uuid4()}"
    await services.database.workspace_settings.insert_one({"_id": team_id, **damage})

    assert await services.workspace_settings.load(team_id) == DENY_GUESTS
    assert team_id in await SettingsStore(services.database).teams_denying_guests()


async def test_excluded_guests_may_do_nothing_with_a_ticket(
    services: Services, admin: Member
) -> None:
    """Neither as its requester nor as a watcher, and nobody can share it with them."""
    await make_people(services, admin)
    drafts = [
        Draft(key=f"view:{slack_id}", team_id=admin.team_id, requester=slack_id, title="VPN")
        for slack_id in ("UGUEST", "UFULL")
    ]
    own, other = [await services.ticket_service.open_ticket(draft) for draft in drafts]
    await services.ticket_service.move(other.id, Verb.TRIAGE, actor=None, triage=make_triage("vpn"))
    await services.ticket_service.move(other.id, Verb.OFFER, actor=None, assignee=admin.slack_id)
    await services.settings_admin.save(admin, {"guests": False})

    guest = await services.members.get_or_create_member(admin.team_id, "UGUEST")
    assert "you are a guest" in guest.refusal
    with pytest.raises(NoSuchTicket):
        await services.tickets.get_for(guest, own.id, Verb.VIEW)
    assert (
        await services.search.visible_tickets(guest, before_id="", limit=9, terms="", filters={})
        == []
    )
    with pytest.raises(InvalidInput, match="may not see this ticket"):
        await services.watcher_admin.set_watching(
            other.id, actor=admin, watcher_id="UGUEST", watching=True
        )
    document = await services.database.members.find_one({"slack_id": "UGUEST"})
    assert document
    assert "refusal" not in document
