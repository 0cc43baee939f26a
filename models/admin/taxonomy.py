"""Taxonomy administration: changes of skills and categories, and of tickets and people with them.

This module also changes the guest policy, which is stored in the same document.

A change is stored by compare-and-set and repeated on the newest taxonomy after a conflict. So two
admins can save at once: the later one wins a field, and no other change is lost. A renamed skill
keeps its old name as an alias, so tickets and people that still use it are understood.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from models.assignment.matching import Candidate
from models.errors import Conflict, NoSuchTicket
from models.infra.database import Document, translate_errors
from models.people.member import Member
from models.ticket_service import TicketService
from models.tickets.pending_step import Step
from models.tickets.ticket import Status, Ticket
from models.triage.result import Category, Triage
from models.triage.skills import Skill, Vocabulary
from models.triage.taxonomy import Taxonomy

_OPEN_STATUSES = [status.value for status in Status if status is not Status.RESOLVED]


async def load_candidates(service: TicketService, team_id: str) -> tuple[list[Candidate], Taxonomy]:
    """The members who may be offered tickets, with current skill names, and the taxonomy."""
    taxonomy = await service.taxonomies.get_taxonomy(team_id)
    vocabulary = taxonomy.vocabulary
    open_tickets = await service.workload.open_ticket_counts(team_id)
    candidates = [
        Candidate(
            member=member.model_copy(update={"skills": vocabulary.current_names(member.skills)}),
            open_tickets=open_tickets[member.slack_id],
        )
        for member in await service.members.moderators(team_id)
    ]
    return candidates, taxonomy


def with_current_skills(ticket: Ticket, vocabulary: Vocabulary) -> Ticket:
    """The ticket with current skill names.

    Triage may have read the taxonomy before a skill was renamed or removed. The rename may have
    updated the tickets before this one was triaged.
    """
    return ticket.with_skills(
        vocabulary.existing_names(ticket.triage.skills if ticket.triage else ())
    )


# -- skills --------------------------------------------------------------------------------------


async def add_skills(service: TicketService, actor: Member, *names: str) -> None:
    """Add skills by name; existing skills stay as they are."""
    before = await service.taxonomies.get_taxonomy(actor.team_id)
    for name in names:
        if before.vocabulary.canonical_name(name) is None:
            await service.audit_log.record(actor, "added skill", name)
    await service.taxonomies.update_taxonomy(
        actor.team_id, lambda taxonomy: taxonomy.with_skills(*names)
    )


async def save_skill(service: TicketService, actor: Member, name: str | None, skill: Skill) -> None:
    """Change the skill of this name, or add the skill if `name` is None.

    Members with a renamed skill keep it under the new name.

    Raises:
        Conflict: there is no such skill, or another skill already has one of its terms.
    """

    def save(taxonomy: Taxonomy) -> Taxonomy:
        if name is None:
            return taxonomy.with_new_skill(skill)
        return taxonomy.with_changed_skill(name, skill)

    taxonomy = await service.taxonomies.get_taxonomy(actor.team_id)
    save(taxonomy)  # Raises before the audit entry is added.
    before = None if name is None else taxonomy.get_skill(name)
    await service.audit_log.record(
        actor,
        "changed skill" if before else "added skill",
        name or skill.name,
        before=before.model_dump(mode="json") if before else {},
        after=skill.model_dump(mode="json"),
    )
    await service.taxonomies.update_taxonomy(actor.team_id, save)
    if name is not None and name != skill.name:
        await _replace_skill_of_members(service, actor.team_id, name, skill.name)


async def merge_skill(service: TicketService, actor: Member, name: str, into_name: str) -> None:
    """Move all terms, regular expressions and people of a skill to another skill."""

    def merge(taxonomy: Taxonomy) -> Taxonomy:
        return taxonomy.with_merged_skill(name, into_name)

    taxonomy = await service.taxonomies.get_taxonomy(actor.team_id)
    merge(taxonomy)  # Raises before the audit entry is added.
    before = taxonomy.get_skill(name).model_dump(mode="json")
    await service.audit_log.record(
        actor, "merged skill", name, before=before, after={"into": into_name}
    )
    await service.taxonomies.update_taxonomy(actor.team_id, merge)
    await _replace_skill_of_members(service, actor.team_id, name, into_name)


async def remove_skill(service: TicketService, actor: Member, name: str) -> None:
    """Remove a skill from the taxonomy and from its people."""
    taxonomy = await service.taxonomies.get_taxonomy(actor.team_id)
    before = taxonomy.get_skill(name).model_dump(mode="json")
    before["people"] = await count_people_with_skill(service, actor.team_id, name)
    await service.audit_log.record(actor, "removed skill", name, before=before)
    await service.taxonomies.update_taxonomy(
        actor.team_id, lambda current: current.without_skill(name)
    )
    await _replace_skill_of_members(service, actor.team_id, name, None)


async def count_people_with_skill(service: TicketService, team_id: str, skill: str) -> int:
    """The number of people with a skill."""
    async with translate_errors():
        query = {"team_id": team_id, "skills": skill}
        return int(await service.database.members.count_documents(query))


async def find_open_ticket_ids_with_skill(
    service: TicketService, team_id: str, skill: str
) -> list[str]:
    """The ids of the open tickets that need a skill."""
    return await _find_open_ticket_ids(service, team_id, {"triage.skills": skill})


async def rename_skill_in_tickets(
    service: TicketService, team_id: str, skill: str, new_name: str | None
) -> None:
    """Replace a skill of the open tickets, or remove it if `new_name` is None."""

    def rename_skill(ticket: Ticket) -> Ticket:
        skills = ticket.triage.skills if ticket.triage else ()
        return ticket.with_skills(_replace_skill(skills, skill, new_name))

    ticket_ids = await find_open_ticket_ids_with_skill(service, team_id, skill)
    await _update_tickets(service, ticket_ids, rename_skill)


# -- categories ----------------------------------------------------------------------------------


async def save_category(
    service: TicketService, actor: Member, name: str | None, category: Category
) -> None:
    """Change the category of this name, or add the category if `name` is None.

    Raises:
        Conflict: there is no such category, or another category already has the new name.
    """

    def save(taxonomy: Taxonomy) -> Taxonomy:
        return taxonomy.with_category(name, category)

    taxonomy = await service.taxonomies.get_taxonomy(actor.team_id)
    save(taxonomy)  # Raises before the audit entry is added.
    before = taxonomy.find_category(name) if name else None
    await service.audit_log.record(
        actor,
        "changed category" if before else "added category",
        name or category.name,
        before=before.model_dump(mode="json") if before else {},
        after=category.model_dump(mode="json"),
    )
    await service.taxonomies.update_taxonomy(actor.team_id, save)


async def remove_category(service: TicketService, actor: Member, name: str) -> None:
    """Remove a category from the taxonomy; its tickets keep it."""

    def remove(taxonomy: Taxonomy) -> Taxonomy:
        return taxonomy.without_category(name)

    taxonomy = await service.taxonomies.get_taxonomy(actor.team_id)
    remove(taxonomy)  # Raises before the audit entry is added.
    category = taxonomy.find_category(name)
    before = category.model_dump(mode="json") if category else {}
    await service.audit_log.record(actor, "removed category", name, before=before)
    await service.taxonomies.update_taxonomy(actor.team_id, remove)


async def rename_category_in_tickets(
    service: TicketService, team_id: str, name: str, new_name: str
) -> None:
    """Rename the category of the open tickets."""

    def rename_category(ticket: Ticket) -> Ticket:
        changes = {
            "triage": _with_category(ticket.triage, name, new_name),
            "original_triage": _with_category(ticket.original_triage, name, new_name),
        }
        return ticket.model_copy(update=changes)

    ticket_ids = await _find_open_ticket_ids(service, team_id, {"triage.category": name})
    await _update_tickets(service, ticket_ids, rename_category)


# ------------------------------------------------------------------------------------------------


async def _replace_skill_of_members(
    service: TicketService, team_id: str, skill: str, new_name: str | None
) -> None:
    members = service.database.members
    has_skill: Document = {"team_id": team_id, "skills": skill}
    async with translate_errors():
        if new_name is not None:
            has_both = {"team_id": team_id, "$and": [{"skills": skill}, {"skills": new_name}]}
            await members.update_many(has_both, {"$pull": {"skills": skill}})
            change = {"$set": {"skills.$[one]": new_name}}
            await members.update_many(has_skill, change, array_filters=[{"one": skill}])
        else:
            await members.update_many(has_skill, {"$pull": {"skills": skill}})


def _with_category(triage: Triage | None, name: str, new_name: str) -> Triage | None:
    if triage is None or triage.category != name:
        return triage
    return triage.model_copy(update={"category": new_name})


def _replace_skill(skills: tuple[str, ...], skill: str, new_name: str | None) -> tuple[str, ...]:
    replaced = (new_name if one == skill else one for one in skills)
    return tuple(dict.fromkeys(one for one in replaced if one is not None))


async def _find_open_ticket_ids(service: TicketService, team_id: str, query: Document) -> list[str]:
    query = {"team_id": team_id, "status": {"$in": _OPEN_STATUSES}, **query}
    async with translate_errors():
        return [one["_id"] async for one in service.database.tickets.find(query, {"_id": 1})]


async def _update_tickets(
    service: TicketService, ticket_ids: list[str], change: Callable[[Ticket], Ticket]
) -> None:
    """Change each ticket and request new cards; a concurrent transition is kept."""

    def change_ticket(ticket: Ticket, now: datetime) -> Ticket:
        after = change(ticket)
        if after == ticket:
            return ticket
        return after.with_stale_cards().with_step(Step.REFRESH_CARDS, due=now)

    for ticket_id in ticket_ids:
        with suppress(Conflict, NoSuchTicket):
            await service.update_ticket(ticket_id, change_ticket)
