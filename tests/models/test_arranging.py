"""What an admin arranges, on a real database: who changes a list at once, and what follows."""

import asyncio
from uuid import uuid4

import pytest

from models import arranging
from models.configuration import DEFAULT
from models.desk import Desk
from models.errors import DeskError, OutOfTurn
from models.flow import Move
from models.member import Member, Role
from models.skill import Skill
from models.step import Step
from models.ticket import Card, CardKind, Draft, Ticket
from models.triage import Category, Priority
from tests.models.desk_words import triage


async def triaged(desk: Desk, admin: Member, *skills: str, category: str = "Network") -> Ticket:
    """A ticket that needs these skills, with a card about it."""
    draft = Draft(key=f"view:{uuid4()}", team_id=admin.team_id, requester="UADA", title="VPN")
    ticket = await desk.open_ticket(draft)
    said = triage(*skills, category=category)
    moved = await desk.move(ticket.id, Move.TRIAGE, by=None, triage=said)
    card = Card(
        notice=f"{ticket.id}.received",
        kind=CardKind.REQUESTER,
        to="UADA",
        channel="D1",
        ts="1.0",
        version=moved.version,
    )
    return await desk.amend(ticket.id, lambda now_it, now: now_it.with_card(card, now=now))


async def skills_of(desk: Desk, admin: Member, slack_id: str) -> tuple[str, ...]:
    return (await desk.store.member(admin.team_id, slack_id)).skills


async def needed(desk: Desk, ticket: Ticket) -> tuple[str, ...]:
    found = (await desk.store.ticket(ticket.id))[0]
    return found.triage.skills if found.triage else ()


async def test_what_many_admins_change_at_once_is_all_there(desk: Desk, admin: Member) -> None:
    new = [Skill(name=f"skill {number}") for number in range(8)]
    await asyncio.gather(
        *(arranging.save_skill(desk, admin, None, skill) for skill in new),
        arranging.add_skills(desk, admin, "cobol", "vpn"),
        arranging.save_skill(desk, admin, "vpn", Skill(name="tunnel")),
        arranging.remove_skill(desk, admin, "go"),
        arranging.save_category(desk, admin, None, Category(name="Salaries", private=True)),
        arranging.save_category(desk, admin, "Access", Category(name="Doors")),
    )

    lists = await desk.store.configuration(admin.team_id)
    wanted = {*DEFAULT.vocabulary.names, *(skill.name for skill in new), "cobol", "tunnel"}
    assert sorted(lists.vocabulary.names) == sorted(wanted - {"vpn", "go"})
    names = [category.name for category in lists.categories]
    assert (names[0], names[-2:]) == ("Doors", ["Salaries", "Other"])
    acts = await desk.accounts.acts(admin.team_id)
    assert {"added skill", "changed skill", "removed skill", "added category"} <= {
        act.what for act in acts
    }


async def test_the_log_says_what_there_was_and_is_of_a_list(desk: Desk, admin: Member) -> None:
    cobol = Skill(name="cobol", aliases=("pl/1",), patterns=("ibm",))
    await arranging.save_skill(desk, admin, None, cobol)
    await arranging.save_skill(desk, admin, None, Skill(name="fortran"))
    await arranging.merge_skill(desk, admin, "fortran", "cobol")
    await arranging.remove_skill(desk, admin, "cobol")
    salaries = Category(name="Salaries", floor=Priority.HIGH)
    await arranging.save_category(desk, admin, None, salaries)
    await arranging.remove_category(desk, admin, "Salaries")

    acts = (await desk.accounts.acts(admin.team_id))[::-1]

    assert [(act.who, act.what) for act in acts] == [
        ("UGRACE", "added skill"),
        ("UGRACE", "added skill"),
        ("UGRACE", "merged skill"),
        ("UGRACE", "removed skill"),
        ("UGRACE", "added category"),
        ("UGRACE", "removed category"),
    ]
    first, _, merged, removed, added, dropped = acts
    assert (first.before, first.after["patterns"]) == ({}, ["ibm"])
    assert (merged.before["name"], merged.after) == ("fortran", {"into": "cobol"})
    assert removed.before["aliases"] == ["pl/1", "fortran"]
    assert (added.after["floor"], dropped.before) == ("high", added.after)


async def test_of_two_admins_who_give_the_same_name_one_hears_so(desk: Desk, admin: Member) -> None:
    said = await asyncio.gather(
        arranging.save_skill(desk, admin, None, Skill(name="cobol")),
        arranging.save_skill(desk, admin, None, Skill(name="COBOL", aliases=("pl/1",))),
        return_exceptions=True,
    )

    assert [type(one) for one in said if one] == [OutOfTurn]
    lists = await desk.store.configuration(admin.team_id)
    assert sum(name.casefold() == "cobol" for name in lists.vocabulary.names) == 1


async def test_a_new_name_follows_to_people_and_open_tickets(desk: Desk, admin: Member) -> None:
    await desk.store.set_role(
        admin.team_id, "UBOB", role=Role.MODERATOR, skills=["okta", "vpn", "mac"]
    )
    await desk.store.set_role(admin.team_id, "UEVE", role=Role.MODERATOR, skills=["mac"])
    ticket = await triaged(desk, admin, "vpn", "okta")
    other = await triaged(desk, admin, "okta")

    await arranging.save_skill(desk, admin, "vpn", Skill(name="tunnel", aliases=("openvpn",)))
    await arranging.tickets_follow(desk, admin.team_id, "vpn", "tunnel")

    lists = await desk.store.configuration(admin.team_id)
    assert lists.skill("tunnel").aliases == ("openvpn", "vpn")
    assert await skills_of(desk, admin, "UBOB") == ("okta", "tunnel", "mac")
    assert await skills_of(desk, admin, "UEVE") == ("mac",)
    assert await needed(desk, ticket) == ("tunnel", "okta")
    assert (await desk.store.ticket(other.id))[0] == other
    followed = (await desk.store.ticket(ticket.id))[0]
    # Its cards are drawn anew, and buttons that people have before them stay good.
    assert followed.version == ticket.version
    assert [card.version < followed.version for card in followed.cards] == [True]
    assert followed.step(Step.REFRESH_CARDS)


async def test_before_it_has_followed_a_new_name_already_finds_those_who_know(
    desk: Desk, admin: Member
) -> None:
    await arranging.save_skill(desk, admin, "vpn", Skill(name="tunnel"))
    await desk.store.set_role(admin.team_id, "UBOB", role=Role.MODERATOR, skills=["vpn", "gone"])

    [bob], lists = await arranging.candidates(desk, admin.team_id)

    assert bob.member.skills == ("tunnel", "gone")
    assert lists.vocabulary.current(("vpn",)) == ("tunnel",)


async def test_what_is_merged_is_had_once(desk: Desk, admin: Member) -> None:
    for slack_id, skills in (("UBOB", ["wifi", "network"]), ("UEVE", ["wifi"])):
        await desk.store.set_role(admin.team_id, slack_id, role=Role.MODERATOR, skills=skills)
    ticket = await triaged(desk, admin, "network", "wifi")

    await arranging.merge_skill(desk, admin, "wifi", "network")
    await arranging.tickets_follow(desk, admin.team_id, "wifi", "network")

    lists = await desk.store.configuration(admin.team_id)
    assert lists.vocabulary.canonical("wireless") == lists.vocabulary.canonical("wifi") == "network"
    assert await skills_of(desk, admin, "UBOB") == ("network",)
    assert await skills_of(desk, admin, "UEVE") == ("network",)
    assert await needed(desk, ticket) == ("network",)


async def test_what_is_removed_is_gone_everywhere_and_it_is_known_where_it_was(
    desk: Desk, admin: Member
) -> None:
    await desk.store.set_role(admin.team_id, "UBOB", role=Role.USER, skills=["vpn", "okta"])
    ticket = await triaged(desk, admin, "vpn")
    assert await arranging.people_with(desk, admin.team_id, "vpn") == 1
    assert await arranging.tickets_with(desk, admin.team_id, "vpn") == [ticket.id]

    await arranging.remove_skill(desk, admin, "vpn")
    await arranging.tickets_follow(desk, admin.team_id, "vpn", None)

    assert (await desk.store.configuration(admin.team_id)).vocabulary.canonical("vpn") is None
    assert await skills_of(desk, admin, "UBOB") == ("okta",)
    assert await needed(desk, ticket) == ()


async def test_a_category_that_is_renamed_is_so_on_open_tickets(desk: Desk, admin: Member) -> None:
    ticket = await triaged(desk, admin)
    fresh = Category(name="Cables", floor=Priority.HIGH)

    await arranging.save_category(desk, admin, "Network", fresh)
    await arranging.category_follows(desk, admin.team_id, "Network", "Cables")

    found = (await desk.store.ticket(ticket.id))[0]
    assert found.triage
    assert found.triage.category == "Cables"
    assert (await desk.store.configuration(admin.team_id)).category("cables") == fresh


async def test_what_can_not_be_is_neither_done_nor_written_down(desk: Desk, admin: Member) -> None:
    with pytest.raises(OutOfTurn, match="another word for vpn"):
        await arranging.save_skill(desk, admin, "okta", Skill(name="OpenVPN"))
    with pytest.raises(OutOfTurn, match="another word for vpn"):
        await arranging.save_skill(desk, admin, None, Skill(name="x", aliases=("open VPN", "VPN")))
    with pytest.raises(OutOfTurn, match="no skill “gone”"):
        await arranging.merge_skill(desk, admin, "gone", "vpn")
    with pytest.raises(OutOfTurn, match="into itself"):
        await arranging.merge_skill(desk, admin, "vpn", "vpn")
    with pytest.raises(OutOfTurn, match="what fits no other"):
        await arranging.remove_category(desk, admin, "Other")
    with pytest.raises(OutOfTurn, match="“Access” already"):
        await arranging.save_category(desk, admin, None, Category(name="access"))

    assert await desk.store.configuration(admin.team_id) == DEFAULT
    assert await desk.accounts.acts(admin.team_id) == []


async def test_damaged_lists_are_not_written_over(desk: Desk, admin: Member) -> None:
    damaged = {"_id": admin.team_id, "skills": "mine"}
    await desk.database.configurations.insert_one(damaged)

    with pytest.raises(DeskError, match="damaged"):
        await arranging.add_skills(desk, admin, "cobol")

    assert await desk.database.configurations.find_one({"_id": admin.team_id}) == damaged
