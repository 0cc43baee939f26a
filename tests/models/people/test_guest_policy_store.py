"""Whom the desk serves, on a real database: who may open tickets, and whose tokens count."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from models.access.api_token import Scope
from models.admin import taxonomy
from models.clock import utc_now
from models.errors import InvalidToken, NotAllowed, ProfilePending
from models.people.guest_policy import DENY_GUESTS, GuestPolicy
from models.people.guest_policy_store import GuestPolicyStore
from models.people.member import Member
from models.ticket_service import TicketService
from models.tickets.ticket import Draft
from models.triage.result import Category
from models.triage.taxonomy import DEFAULT_TAXONOMY


async def opens(service: TicketService, admin: Member, slack_id: str) -> type[Exception] | None:
    """With what it is refused that a person opens a ticket."""
    draft = Draft(key=f"view:{uuid4()}", team_id=admin.team_id, requester=slack_id, title="VPN")
    try:
        await service.open_ticket(draft)
    except NotAllowed as refused:
        return type(refused)
    return None


async def people(service: TicketService, admin: Member) -> list[str]:
    """A full member, a guest, and somebody of another workspace."""
    for slack_id, known in (
        ("UFULL", {}),
        ("UGUEST", {"guest": True}),
        ("UELSE", {"guest": True, "stranger": True}),
    ):
        await service.members.update_member(admin.team_id, slack_id, profiled_at=utc_now(), **known)
    return ["UFULL", "UGUEST", "UELSE"]


async def test_who_is_not_let_in_opens_no_ticket_from_now_on(
    service: TicketService, admin: Member
) -> None:
    everybody = await people(service, admin)
    assert [await opens(service, admin, one) for one in everybody] == [None, None, None]

    await taxonomy.save_guest_policy(service, admin, {"guests": False, "strangers": True})

    # In one crowd, so that nobody is refused for somebody else.
    asked = [*everybody, "UNEW"]
    refused = await asyncio.gather(*(opens(service, admin, one) for one in asked))
    assert refused == [None, NotAllowed, None, ProfilePending]
    await taxonomy.save_guest_policy(service, admin, {"guests": True})
    assert await opens(service, admin, "UGUEST") is None


async def test_tokens_count_while_their_owner_is_let_in(
    service: TicketService, admin: Member
) -> None:
    tokens = {}
    for slack_id in await people(service, admin):
        member = await service.members.get_or_create_member(admin.team_id, slack_id)
        life = timedelta(hours=1)
        tokens[slack_id], _ = await service.api_tokens.issue_token(
            member, name="ci", scopes=[Scope.READ], lifetime=life
        )

    async def counting() -> set[str]:
        found = set()
        for slack_id, token in tokens.items():
            try:
                found.add((await service.api_tokens.authenticate(token)).member.slack_id)
            except InvalidToken:
                assert slack_id != "UFULL"
        return found

    assert await counting() == {"UFULL", "UGUEST"}
    await taxonomy.save_guest_policy(service, admin, {"guests": False, "strangers": True})
    assert await counting() == {"UFULL", "UELSE"}


async def test_what_is_saved_is_written_down_and_only_what_is_new(
    service: TicketService, admin: Member
) -> None:
    assert await service.guest_policies.load(admin.team_id) == GuestPolicy()

    await taxonomy.save_guest_policy(service, admin, {"guests": True})
    await taxonomy.save_guest_policy(service, admin, {"moderators": "S1"})

    [act] = await service.audit_log.entries(admin.team_id)
    assert (act.who, act.what) == ("UGRACE", "changed who is let in")
    assert act.before == GuestPolicy().model_dump()
    assert act.after == GuestPolicy(moderators="S1").model_dump()


async def test_two_admins_at_once_undo_nothing_of_each_other(
    service: TicketService, admin: Member
) -> None:
    category = Category(name="Salaries")
    await asyncio.gather(
        taxonomy.save_guest_policy(service, admin, {"guests": False}),
        taxonomy.save_guest_policy(service, admin, {"strangers": True}),
        taxonomy.save_category(service, admin, None, category),
    )

    assert await service.guest_policies.load(admin.team_id) == GuestPolicy(
        guests=False, strangers=True
    )
    lists = await service.taxonomies.get_taxonomy(admin.team_id)
    assert lists.categories == DEFAULT_TAXONOMY.with_category(None, category).categories


@pytest.mark.parametrize("welcome", ["?", {"guests": "?"}, {"strangers": "?"}])
async def test_what_is_damaged_lets_nobody_in(
    service: TicketService, admin: Member, welcome: object
) -> None:
    lists = DEFAULT_TAXONOMY.model_dump(mode="json") | {"_id": admin.team_id, "welcome": welcome}
    await service.database.configurations.insert_one(lists)

    assert await service.guest_policies.load(admin.team_id) == DENY_GUESTS
    assert admin.team_id in await GuestPolicyStore(service.database).teams_denying_guests()
    assert (await service.taxonomies.get_taxonomy(admin.team_id)).skills == DEFAULT_TAXONOMY.skills
