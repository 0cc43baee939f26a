"""Guest policies on a real database: tickets of guests, their tokens, and concurrent changes."""

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

    await taxonomy.save_guest_policy(service, admin, {"guests": False, "strangers": True})

    # All in one batch: the policy is checked for each requester.
    slack_ids = [*slack_ids, "UNEW"]
    refusals = await asyncio.gather(*(refusal_of(service, admin, one) for one in slack_ids))
    assert refusals == [None, NotAllowed, None, ProfilePending]
    await taxonomy.save_guest_policy(service, admin, {"guests": True})
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
    await taxonomy.save_guest_policy(service, admin, {"guests": False, "strangers": True})
    assert await valid_owners() == {"UFULL", "UELSE"}


async def test_only_a_changed_policy_adds_an_audit_entry(
    service: TicketService, admin: Member
) -> None:
    assert await service.guest_policies.load(admin.team_id) == GuestPolicy()

    await taxonomy.save_guest_policy(service, admin, {"guests": True})
    await taxonomy.save_guest_policy(service, admin, {"moderators": "S1"})

    [entry] = await service.audit_log.entries(admin.team_id)
    assert (entry.who, entry.what) == ("UGRACE", "changed who is let in")
    assert entry.before == GuestPolicy().model_dump()
    assert entry.after == GuestPolicy(moderators="S1").model_dump()


async def test_two_admins_at_once_keep_each_others_changes(
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
async def test_an_invalid_policy_denies_guests(
    service: TicketService, admin: Member, welcome: object
) -> None:
    lists = DEFAULT_TAXONOMY.model_dump(mode="json") | {"_id": admin.team_id, "welcome": welcome}
    await service.database.configurations.insert_one(lists)

    assert await service.guest_policies.load(admin.team_id) == DENY_GUESTS
    assert (
        admin.team_id
        in await GuestPolicyStore(service.database, service.members).teams_denying_guests()
    )
    assert (await service.taxonomies.get_taxonomy(admin.team_id)).skills == DEFAULT_TAXONOMY.skills
