"""Taxonomy administration on a real database: concurrent changes, renames and the audit log."""

import asyncio
from uuid import uuid4

import pytest

from models.errors import Conflict, UserFacingError
from models.people.member import Member, Role
from models.services import Services
from models.tickets.actions import Verb
from models.tickets.pending_step import Step
from models.tickets.ticket import Card, CardKind, Draft, Ticket
from models.triage.result import Category, Priority
from models.triage.skills import Skill
from models.triage.taxonomy import DEFAULT_TAXONOMY
from tests.sample_tickets import make_triage


async def triaged_ticket(
    services: Services, admin: Member, *skills: str, category: str = "Network"
) -> Ticket:
    """A triaged ticket with these skills and a card."""
    draft = Draft(key=f"view:{uuid4()}", team_id=admin.team_id, requester="UADA", title="VPN")
    ticket = await services.ticket_service.open_ticket(draft)
    triage = make_triage(*skills, category=category)
    triaged = await services.ticket_service.move(ticket.id, Verb.TRIAGE, actor=None, triage=triage)
    card = Card(
        notice=f"{ticket.id}.received",
        kind=CardKind.REQUESTER,
        to="UADA",
        channel="D1",
        ts="1.0",
        version=triaged.state_version,
    )
    return await services.ticket_service.update_ticket(
        ticket.id, lambda current, now: current.with_card(card, now=now)
    )


async def skills_of(services: Services, admin: Member, slack_id: str) -> tuple[str, ...]:
    return (await services.members.get_or_create_member(admin.team_id, slack_id)).skills


async def skills_of_ticket(services: Services, ticket: Ticket) -> tuple[str, ...]:
    stored = (await services.tickets.get_ticket(ticket.id))[0]
    return stored.triage.skills if stored.triage else ()


async def test_concurrent_changes_of_many_admins_are_all_kept(
    services: Services, admin: Member
) -> None:
    new = [Skill(name=f"skill {number}") for number in range(8)]
    await asyncio.gather(
        *(services.taxonomy_admin.save_skill(admin, None, skill) for skill in new),
        services.taxonomy_admin.add_skills(admin, "cobol", "vpn"),
        services.taxonomy_admin.save_skill(admin, "vpn", Skill(name="tunnel")),
        services.taxonomy_admin.remove_skill(admin, "go"),
        services.taxonomy_admin.save_category(admin, None, Category(name="Salaries", private=True)),
        services.taxonomy_admin.save_category(admin, "Access", Category(name="Doors")),
    )

    lists = await services.taxonomies.get_taxonomy(admin.team_id)
    expected = {
        *DEFAULT_TAXONOMY.vocabulary.names,
        *(skill.name for skill in new),
        "cobol",
        "tunnel",
    }
    assert sorted(lists.vocabulary.names) == sorted(expected - {"vpn", "go"})
    names = [category.name for category in lists.categories]
    assert (names[0], names[-2:]) == ("Doors", ["Salaries", "Other"])
    entries = await services.audit_log.entries(admin.team_id)
    assert {"added skill", "changed skill", "removed skill", "added category"} <= {
        entry.what for entry in entries
    }


async def test_the_audit_log_holds_the_values_before_and_after(
    services: Services, admin: Member
) -> None:
    cobol = Skill(name="cobol", aliases=("pl/1",), patterns=("ibm",))
    await services.taxonomy_admin.save_skill(admin, None, cobol)
    await services.taxonomy_admin.save_skill(admin, None, Skill(name="fortran"))
    await services.taxonomy_admin.merge_skill(admin, "fortran", "cobol")
    await services.taxonomy_admin.remove_skill(admin, "cobol")
    salaries = Category(name="Salaries", floor=Priority.HIGH)
    await services.taxonomy_admin.save_category(admin, None, salaries)
    await services.taxonomy_admin.remove_category(admin, "Salaries")

    entries = (await services.audit_log.entries(admin.team_id))[::-1]

    assert [(entry.who, entry.what) for entry in entries] == [
        ("UGRACE", "added skill"),
        ("UGRACE", "added skill"),
        ("UGRACE", "merged skill"),
        ("UGRACE", "removed skill"),
        ("UGRACE", "added category"),
        ("UGRACE", "removed category"),
    ]
    first, _, merged, removed, added, removed_category = entries
    assert (first.before, first.after["patterns"]) == ({}, ["ibm"])
    assert (merged.before["name"], merged.after) == ("fortran", {"into": "cobol"})
    assert removed.before["aliases"] == ["pl/1", "fortran"]
    assert (added.after["floor"], removed_category.before) == ("high", added.after)


async def test_one_of_two_admins_with_the_same_name_is_refused(
    services: Services, admin: Member
) -> None:
    results = await asyncio.gather(
        services.taxonomy_admin.save_skill(admin, None, Skill(name="cobol")),
        services.taxonomy_admin.save_skill(admin, None, Skill(name="COBOL", aliases=("pl/1",))),
        return_exceptions=True,
    )

    assert [type(result) for result in results if result] == [Conflict]
    lists = await services.taxonomies.get_taxonomy(admin.team_id)
    assert sum(name.casefold() == "cobol" for name in lists.vocabulary.names) == 1


async def test_a_renamed_skill_is_renamed_for_people_and_open_tickets(
    services: Services, admin: Member
) -> None:
    await services.members.set_role(
        admin.team_id, "UBOB", role=Role.MODERATOR, skills=["okta", "vpn", "mac"]
    )
    await services.members.set_role(admin.team_id, "UEVE", role=Role.MODERATOR, skills=["mac"])
    ticket = await triaged_ticket(services, admin, "vpn", "okta")
    other = await triaged_ticket(services, admin, "okta")

    await services.taxonomy_admin.save_skill(
        admin, "vpn", Skill(name="tunnel", aliases=("openvpn",))
    )
    await services.taxonomy_admin.rename_skill_in_tickets(admin.team_id, "vpn", "tunnel")

    lists = await services.taxonomies.get_taxonomy(admin.team_id)
    assert lists.get_skill("tunnel").aliases == ("openvpn", "vpn")
    assert await skills_of(services, admin, "UBOB") == ("okta", "tunnel", "mac")
    assert await skills_of(services, admin, "UEVE") == ("mac",)
    assert await skills_of_ticket(services, ticket) == ("tunnel", "okta")
    assert (await services.tickets.get_ticket(other.id))[0] == other
    renamed = (await services.tickets.get_ticket(ticket.id))[0]
    # Its cards are redrawn, and the buttons that people see still work.
    assert renamed.state_version == ticket.state_version
    assert [card.version < renamed.state_version for card in renamed.cards] == [True]
    assert renamed.find_step(Step.REFRESH_CARDS)


async def test_a_renamed_skill_finds_people_with_the_old_name(
    services: Services, admin: Member
) -> None:
    await services.taxonomy_admin.save_skill(admin, "vpn", Skill(name="tunnel"))
    await services.members.set_role(
        admin.team_id, "UBOB", role=Role.MODERATOR, skills=["vpn", "gone"]
    )

    [bob], lists = await services.candidate_list.load(admin.team_id)

    assert bob.member.skills == ("tunnel", "gone")
    assert lists.vocabulary.current_names(("vpn",)) == ("tunnel",)


async def test_a_merged_skill_is_listed_once(services: Services, admin: Member) -> None:
    for slack_id, skills in (("UBOB", ["wifi", "network"]), ("UEVE", ["wifi"])):
        await services.members.set_role(admin.team_id, slack_id, role=Role.MODERATOR, skills=skills)
    ticket = await triaged_ticket(services, admin, "network", "wifi")

    await services.taxonomy_admin.merge_skill(admin, "wifi", "network")
    await services.taxonomy_admin.rename_skill_in_tickets(admin.team_id, "wifi", "network")

    lists = await services.taxonomies.get_taxonomy(admin.team_id)
    assert (
        lists.vocabulary.canonical_name("wireless")
        == lists.vocabulary.canonical_name("wifi")
        == "network"
    )
    assert await skills_of(services, admin, "UBOB") == ("network",)
    assert await skills_of(services, admin, "UEVE") == ("network",)
    assert await skills_of_ticket(services, ticket) == ("network",)


async def test_a_removed_skill_is_removed_from_people_and_tickets(
    services: Services, admin: Member
) -> None:
    await services.members.set_role(admin.team_id, "UBOB", role=Role.USER, skills=["vpn", "okta"])
    ticket = await triaged_ticket(services, admin, "vpn")
    assert await services.members.count_with_skill(admin.team_id, "vpn") == 1
    assert await services.tickets.open_ticket_ids_with_skill(admin.team_id, "vpn") == [ticket.id]

    await services.taxonomy_admin.remove_skill(admin, "vpn")
    await services.taxonomy_admin.rename_skill_in_tickets(admin.team_id, "vpn", None)

    assert (await services.taxonomies.get_taxonomy(admin.team_id)).vocabulary.canonical_name(
        "vpn"
    ) is None
    assert await skills_of(services, admin, "UBOB") == ("okta",)
    assert await skills_of_ticket(services, ticket) == ()


async def test_a_renamed_category_is_renamed_on_open_tickets(
    services: Services, admin: Member
) -> None:
    ticket = await triaged_ticket(services, admin)
    fresh = Category(name="Cables", floor=Priority.HIGH)

    await services.taxonomy_admin.save_category(admin, "Network", fresh)
    await services.taxonomy_admin.rename_category_in_tickets(admin.team_id, "Network", "Cables")

    stored = (await services.tickets.get_ticket(ticket.id))[0]
    assert stored.triage
    assert stored.triage.category == "Cables"
    assert (await services.taxonomies.get_taxonomy(admin.team_id)).find_category("cables") == fresh


async def test_a_refused_change_is_neither_stored_nor_audited(
    services: Services, admin: Member
) -> None:
    with pytest.raises(Conflict, match="synonym of vpn"):
        await services.taxonomy_admin.save_skill(admin, "okta", Skill(name="OpenVPN"))
    with pytest.raises(Conflict, match="synonym of vpn"):
        await services.taxonomy_admin.save_skill(
            admin, None, Skill(name="x", aliases=("open VPN", "VPN"))
        )
    with pytest.raises(Conflict, match="no skill “gone”"):
        await services.taxonomy_admin.merge_skill(admin, "gone", "vpn")
    with pytest.raises(Conflict, match="into itself"):
        await services.taxonomy_admin.merge_skill(admin, "vpn", "vpn")
    with pytest.raises(Conflict, match="can't be removed"):
        await services.taxonomy_admin.remove_category(admin, "Other")
    with pytest.raises(Conflict, match="“Access” already"):
        await services.taxonomy_admin.save_category(admin, None, Category(name="access"))

    assert await services.taxonomies.get_taxonomy(admin.team_id) == DEFAULT_TAXONOMY
    assert await services.audit_log.entries(admin.team_id) == []


async def test_an_invalid_taxonomy_is_not_overwritten(services: Services, admin: Member) -> None:
    damaged = {"_id": admin.team_id, "skills": "mine"}
    await services.database.configurations.insert_one(damaged)

    with pytest.raises(UserFacingError, match="damaged"):
        await services.taxonomy_admin.add_skills(admin, "cobol")

    assert await services.database.configurations.find_one({"_id": admin.team_id}) == damaged


async def test_fields_of_a_newer_release_survive_changes_of_skills_and_categories(
    services: Services, admin: Member
) -> None:
    await services.taxonomy_admin.add_skills(admin, "cobol")
    query = {"_id": admin.team_id}
    stored = await services.database.configurations.find_one(query)
    assert stored
    newer = {
        "categories": [{**category, "desk": "IT"} for category in stored["categories"]],
        "skills": [{**skill, "level": 3} for skill in stored["skills"]],
        "desks": ["IT"],
    }
    await services.database.configurations.update_one(query, {"$set": newer})

    await services.taxonomy_admin.save_skill(admin, "vpn", Skill(name="tunnel"))
    await services.taxonomy_admin.merge_skill(admin, "wifi", "network")
    before = (await services.taxonomies.get_taxonomy(admin.team_id)).find_category("Access")
    assert before
    doors = before.model_copy(update={"name": "Doors"})
    await services.taxonomy_admin.save_category(admin, "Access", doors)

    after = await services.database.configurations.find_one(query)
    assert after
    assert after["desks"] == ["IT"]
    assert {category["desk"] for category in after["categories"]} == {"IT"}
    assert "Doors" in {category["name"] for category in after["categories"]}
    assert {skill.get("level") for skill in after["skills"]} == {3}
    assert len(after["skills"]) == len(DEFAULT_TAXONOMY.skills)
