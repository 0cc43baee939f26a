"""Guest policies on a real database: tickets of guests, their tokens, and concurrent changes."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from models.access.api_token import Scope
from models.admin import taxonomy
from models.admin.watch_ticket import set_watching
from models.admin.workspace_settings import save_settings
from models.clock import utc_now
from models.errors import InvalidInput, InvalidToken, NoSuchTicket, NotAllowed, ProfilePending
from models.people.member import Member
from models.ticket_service import TicketService
from models.tickets.action import Verb
from models.tickets.ticket import Draft
from models.triage.result import Category
from models.triage.taxonomy import DEFAULT_TAXONOMY
from models.workspace.settings_store import SettingsStore
from models.workspace.workspace_settings import DENY_GUESTS, WorkspaceSettings
from tests.sample_tickets import make_triage


async def refusal_of(
    service: TicketService, admin: Member, slack_id: str
) -> type[Exception] | None:
    """The type of the error when this person opens a ticket, or None."""
    draft = Draft(key=f"view:{uuid4()}", team_id=admin.team_id, requester=slack_id, title="VPN")
    try:
        await service.open_ticket(draft)
    except NotAllowed as error:
        return type(error)
    return None


async def make_people(service: TicketService, admin: Member) -> list[str]:
    """The ids of a full member, a guest, and a person of another workspace."""
    for slack_id, fields in (
        ("UFULL", {}),
        ("UGUEST", {"guest": True}),
        ("UELSE", {"guest": True, "stranger": True}),
    ):
        await service.members.update_member(
            admin.team_id, slack_id, profiled_at=utc_now(), **fields
        )
    return ["UFULL", "UGUEST", "UELSE"]


async def test_excluded_people_open_no_ticket_at_once(
    service: TicketService, admin: Member
) -> None:
    slack_ids = await make_people(service, admin)
    assert [await refusal_of(service, admin, slack_id) for slack_id in slack_ids] == [
        None,
        None,
        None,
    ]

    await save_settings(service, admin, {"guests": False, "strangers": True})

    # All in one batch: the policy is checked for each requester.
    slack_ids = [*slack_ids, "UNEW"]
    refusals = await asyncio.gather(*(refusal_of(service, admin, one) for one in slack_ids))
    assert refusals == [None, NotAllowed, None, ProfilePending]
    await save_settings(service, admin, {"guests": True})
    assert await refusal_of(service, admin, "UGUEST") is None


async def test_tokens_work_only_while_the_policy_admits_their_owner(
    service: TicketService, admin: Member
) -> None:
    tokens = {}
    for slack_id in await make_people(service, admin):
        member = await service.members.get_or_create_member(admin.team_id, slack_id)
        tokens[slack_id], _ = await service.api_tokens.issue_token(
            member, name="ci", scopes=[Scope.READ], lifetime=timedelta(hours=1)
        )

    async def valid_owners() -> set[str]:
        owners = set()
        for slack_id, token in tokens.items():
            try:
                owners.add((await service.api_tokens.authenticate(token)).member.slack_id)
            except InvalidToken:
                assert slack_id != "UFULL"
        return owners

    assert await valid_owners() == {"UFULL", "UGUEST"}
    await save_settings(service, admin, {"guests": False, "strangers": True})
    assert await valid_owners() == {"UFULL", "UELSE"}


async def test_only_a_changed_policy_adds_an_audit_entry(
    service: TicketService, admin: Member
) -> None:
    assert await service.workspace_settings.load(admin.team_id) == WorkspaceSettings()

    await save_settings(service, admin, {"guests": True})
    await save_settings(service, admin, {"moderators": "S1"})

    [entry] = await service.audit_log.entries(admin.team_id)
    assert (entry.who, entry.what) == ("UGRACE", "changed settings")
    assert (entry.before, entry.after) == ({"moderators": ""}, {"moderators": "S1"})


async def test_two_admins_at_once_keep_each_others_changes(
    service: TicketService, admin: Member
) -> None:
    category = Category(name="Salaries")
    await asyncio.gather(
        save_settings(service, admin, {"guests": False}),
        save_settings(service, admin, {"strangers": True}),
        taxonomy.save_category(service, admin, None, category),
    )

    assert await service.workspace_settings.load(admin.team_id) == WorkspaceSettings(
        guests=False, strangers=True
    )
    lists = await service.taxonomies.get_taxonomy(admin.team_id)
    assert lists.categories == DEFAULT_TAXONOMY.with_category(None, category).categories


@pytest.mark.parametrize("damage", [{"guests": "?"}, {"strangers": "?"}, {"floor_words": 7}])
async def test_invalid_settings_deny_guests(
    service: TicketService, admin: Member, damage: dict[str, object]
) -> None:
    team_id = f"T{uuid4()}"
    await service.database.workspace_settings.insert_one({"_id": team_id, **damage})

    assert await service.workspace_settings.load(team_id) == DENY_GUESTS
    assert team_id in await SettingsStore(service.database).teams_denying_guests()


async def test_excluded_guests_may_do_nothing_with_a_ticket(
    service: TicketService, admin: Member
) -> None:
    """Neither as its requester nor as a watcher, and nobody can share it with them."""
    await make_people(service, admin)
    drafts = [
        Draft(key=f"view:{slack_id}", team_id=admin.team_id, requester=slack_id, title="VPN")
        for slack_id in ("UGUEST", "UFULL")
    ]
    own, other = [await service.open_ticket(draft) for draft in drafts]
    await service.move(other.id, Verb.TRIAGE, actor=None, triage=make_triage("vpn"))
    await service.move(other.id, Verb.OFFER, actor=None, assignee=admin.slack_id)
    await save_settings(service, admin, {"guests": False})

    guest = await service.members.get_or_create_member(admin.team_id, "UGUEST")
    assert "you are a guest" in guest.refusal
    with pytest.raises(NoSuchTicket):
        await service.tickets.get_for(guest, own.id, Verb.VIEW)
    assert (
        await service.search.visible_tickets(guest, before_id="", limit=9, terms="", filters={})
        == []
    )
    with pytest.raises(InvalidInput, match="may not see this ticket"):
        await set_watching(service, other.id, actor=admin, watcher_id="UGUEST", watching=True)
    document = await service.database.members.find_one({"slack_id": "UGUEST"})
    assert document
    assert "refusal" not in document
