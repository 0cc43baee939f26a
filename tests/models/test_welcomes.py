"""Whom the desk serves, on a real database: who may open tickets, and whose tokens count."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from models import arranging
from models.account import Scope
from models.clock import now
from models.configuration import DEFAULT
from models.desk import Desk
from models.errors import NoSuchToken, NotAllowed, NotYetKnown
from models.member import Member
from models.ticket import Draft
from models.triage import Category
from models.welcome import CLOSED, Welcome
from models.welcomes import Welcomes


async def opens(desk: Desk, admin: Member, slack_id: str) -> type[Exception] | None:
    """With what it is refused that a person opens a ticket."""
    draft = Draft(key=f"view:{uuid4()}", team_id=admin.team_id, requester=slack_id, title="VPN")
    try:
        await desk.open_ticket(draft)
    except NotAllowed as refused:
        return type(refused)
    return None


async def people(desk: Desk, admin: Member) -> list[str]:
    """A full member, a guest, and somebody of another workspace."""
    for slack_id, known in (
        ("UFULL", {}),
        ("UGUEST", {"guest": True}),
        ("UELSE", {"guest": True, "stranger": True}),
    ):
        await desk.store.note(admin.team_id, slack_id, profiled_at=now(), **known)
    return ["UFULL", "UGUEST", "UELSE"]


async def test_who_is_not_let_in_opens_no_ticket_from_now_on(desk: Desk, admin: Member) -> None:
    everybody = await people(desk, admin)
    assert [await opens(desk, admin, one) for one in everybody] == [None, None, None]

    await arranging.save_welcome(desk, admin, {"guests": False, "strangers": True})

    # In one crowd, so that nobody is refused for somebody else.
    asked = [*everybody, "UNEW"]
    refused = await asyncio.gather(*(opens(desk, admin, one) for one in asked))
    assert refused == [None, NotAllowed, None, NotYetKnown]
    await arranging.save_welcome(desk, admin, {"guests": True})
    assert await opens(desk, admin, "UGUEST") is None


async def test_tokens_count_while_their_owner_is_let_in(desk: Desk, admin: Member) -> None:
    tokens = {}
    for slack_id in await people(desk, admin):
        member = await desk.store.member(admin.team_id, slack_id)
        life = timedelta(hours=1)
        tokens[slack_id], _ = await desk.accounts.issue(
            member, name="ci", scopes=[Scope.READ], life=life
        )

    async def counting() -> set[str]:
        found = set()
        for slack_id, token in tokens.items():
            try:
                found.add((await desk.accounts.caller(token)).member.slack_id)
            except NoSuchToken:
                assert slack_id != "UFULL"
        return found

    assert await counting() == {"UFULL", "UGUEST"}
    await arranging.save_welcome(desk, admin, {"guests": False, "strangers": True})
    assert await counting() == {"UFULL", "UELSE"}


async def test_what_is_saved_is_written_down_and_only_what_is_new(
    desk: Desk, admin: Member
) -> None:
    assert await desk.welcomes.of(admin.team_id) == Welcome()

    await arranging.save_welcome(desk, admin, {"guests": True})
    await arranging.save_welcome(desk, admin, {"moderators": "S1"})

    [act] = await desk.accounts.acts(admin.team_id)
    assert (act.who, act.what) == ("UGRACE", "changed who is let in")
    assert act.before == Welcome().model_dump()
    assert act.after == Welcome(moderators="S1").model_dump()


async def test_two_admins_at_once_undo_nothing_of_each_other(desk: Desk, admin: Member) -> None:
    category = Category(name="Salaries")
    await asyncio.gather(
        arranging.save_welcome(desk, admin, {"guests": False}),
        arranging.save_welcome(desk, admin, {"strangers": True}),
        arranging.save_category(desk, admin, None, category),
    )

    assert await desk.welcomes.of(admin.team_id) == Welcome(guests=False, strangers=True)
    lists = await desk.store.configuration(admin.team_id)
    assert lists.categories == DEFAULT.placing(None, category).categories


@pytest.mark.parametrize("welcome", ["?", {"guests": "?"}, {"strangers": "?"}])
async def test_what_is_damaged_lets_nobody_in(desk: Desk, admin: Member, welcome: object) -> None:
    lists = DEFAULT.model_dump(mode="json") | {"_id": admin.team_id, "welcome": welcome}
    await desk.database.configurations.insert_one(lists)

    assert await desk.welcomes.of(admin.team_id) == CLOSED
    assert admin.team_id in await Welcomes(desk.database).closed_to_guests()
    assert (await desk.store.configuration(admin.team_id)).skills == DEFAULT.skills
