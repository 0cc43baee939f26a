"""What an admin arranges: the desk's skills and categories, and what follows from a change of them.

A list is written if nobody has changed it since it was read, else the change is made again on what
it has become: of two admins at once the last one wins, and nothing else is lost. A skill's old name
stays one of its aliases, so that what has not followed yet is still understood.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

from models.assignment.matching import Candidate
from models.errors import Conflict, NoSuchTicket
from models.infra.database import Document, translate_errors
from models.people.guest_policy import GuestPolicy
from models.people.member import Member
from models.ticket_service import TicketService
from models.tickets.pending_step import Step
from models.tickets.ticket import Status, Ticket
from models.triage.result import Category, Triage
from models.triage.skills import Skill, Vocabulary
from models.triage.taxonomy import Taxonomy

# Everybody who changes a list at the same moment loses to one of the others at most once each.
_MAX_ATTEMPTS = 50
_OPEN_STATUSES = [status.value for status in Status if status is not Status.RESOLVED]


async def load_candidates(service: TicketService, team_id: str) -> tuple[list[Candidate], Taxonomy]:
    """All who may be offered tickets, with the skills they have by their present names."""
    configuration = await service.taxonomies.get_taxonomy(team_id)
    vocabulary = configuration.vocabulary
    held = await service.workload.open_ticket_counts(team_id)
    people = [
        Candidate(
            member=member.model_copy(update={"skills": vocabulary.current_names(member.skills)}),
            open_tickets=held[member.slack_id],
        )
        for member in await service.members.moderators(team_id)
    ]
    return people, configuration


def with_current_skills(ticket: Ticket, vocabulary: Vocabulary) -> Ticket:
    """The ticket with the skills that the desk has now.

    Who triaged it may have read the list before a skill was renamed or removed, and who made the
    tickets follow may have looked before it was triaged.
    """
    return ticket.with_skills(
        vocabulary.existing_names(ticket.triage.skills if ticket.triage else ())
    )


# -- skills --------------------------------------------------------------------------------------


async def add_skills(service: TicketService, by: Member, *names: str) -> None:
    """Add skills by their names; those that the desk has stay as they are."""
    known = await service.taxonomies.get_taxonomy(by.team_id)
    for name in names:
        if known.vocabulary.canonical_name(name) is None:
            await service.audit_log.record(by, "added skill", name)
    await service.taxonomies.update_taxonomy(by.team_id, lambda lists: lists.with_skills(*names))


async def save_skill(service: TicketService, by: Member, name: str | None, skill: Skill) -> None:
    """Change a skill, or add one where no name is given; people who have it keep it.

    Raises:
        OutOfTurn: it is gone, or one of its words is another's.
    """

    def saved(lists: Taxonomy) -> Taxonomy:
        return (
            lists.with_new_skill(skill) if name is None else lists.with_changed_skill(name, skill)
        )

    lists = await service.taxonomies.get_taxonomy(by.team_id)
    saved(lists)
    before = None if name is None else lists.get_skill(name)
    was = before.model_dump(mode="json") if before else {}
    is_ = skill.model_dump(mode="json")
    what = "changed skill" if before else "added skill"
    await service.audit_log.record(by, what, name or skill.name, before=was, after=is_)
    await service.taxonomies.update_taxonomy(by.team_id, saved)
    if name is not None and name != skill.name:
        await _replace_skill_of_members(service, by.team_id, name, skill.name)


async def merge_skill(service: TicketService, by: Member, name: str, into_name: str) -> None:
    """Have all words of a skill stand for another one, which its people have from now on."""

    def merged(lists: Taxonomy) -> Taxonomy:
        return lists.with_merged_skill(name, into_name)

    lists = await service.taxonomies.get_taxonomy(by.team_id)
    merged(lists)
    was = lists.get_skill(name).model_dump(mode="json")
    await service.audit_log.record(by, "merged skill", name, before=was, after={"into": into_name})
    await service.taxonomies.update_taxonomy(by.team_id, merged)
    await _replace_skill_of_members(service, by.team_id, name, into_name)


async def remove_skill(service: TicketService, by: Member, name: str) -> None:
    """Take a skill out of the list, and from those who have it."""
    was = (
        (await service.taxonomies.get_taxonomy(by.team_id)).get_skill(name).model_dump(mode="json")
    )
    was["people"] = await count_people_with_skill(service, by.team_id, name)
    await service.audit_log.record(by, "removed skill", name, before=was)
    await service.taxonomies.update_taxonomy(by.team_id, lambda lists: lists.without_skill(name))
    await _replace_skill_of_members(service, by.team_id, name, None)


async def count_people_with_skill(service: TicketService, team_id: str, skill: str) -> int:
    """How many people have a skill."""
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
    """Have open tickets need another skill in place of one, or only not that one any more."""

    def needing(ticket: Ticket) -> Ticket:
        needed = ticket.triage.skills if ticket.triage else ()
        return ticket.with_skills(_replace_skill(needed, skill, new_name))

    await _update_tickets(
        service, await find_open_ticket_ids_with_skill(service, team_id, skill), needing
    )


# -- categories ----------------------------------------------------------------------------------


async def save_category(
    service: TicketService, by: Member, name: str | None, category: Category
) -> None:
    """Change a category, or add one where no name is given.

    Raises:
        OutOfTurn: it is gone, or the name is another's.
    """

    def placed(lists: Taxonomy) -> Taxonomy:
        return lists.with_category(name, category)

    lists = await service.taxonomies.get_taxonomy(by.team_id)
    placed(lists)
    before = lists.find_category(name) if name else None
    await service.audit_log.record(
        by,
        "changed category" if before else "added category",
        name or category.name,
        before=before.model_dump(mode="json") if before else {},
        after=category.model_dump(mode="json"),
    )
    await service.taxonomies.update_taxonomy(by.team_id, placed)


async def remove_category(service: TicketService, by: Member, name: str) -> None:
    """Take a category out of the list; tickets that are in it stay so."""

    def dropped(lists: Taxonomy) -> Taxonomy:
        return lists.without_category(name)

    lists = await service.taxonomies.get_taxonomy(by.team_id)
    dropped(lists)
    before = lists.find_category(name)
    was = before.model_dump(mode="json") if before else {}
    await service.audit_log.record(by, "removed category", name, before=was)
    await service.taxonomies.update_taxonomy(by.team_id, dropped)


async def rename_category_in_tickets(
    service: TicketService, team_id: str, name: str, new_name: str
) -> None:
    """Have open tickets of a category be called by its new name."""

    def called(ticket: Ticket) -> Ticket:
        said = (getattr(ticket, part) for part in ("triage", "original_triage"))
        triage, first = (_with_category(one, name, new_name) for one in said)
        return ticket.model_copy(update={"triage": triage, "original_triage": first})

    tickets = await _find_open_ticket_ids(service, team_id, {"triage.category": name})
    await _update_tickets(service, tickets, called)


# -- who is let in -------------------------------------------------------------------------------


async def save_guest_policy(
    service: TicketService, by: Member, changes: dict[str, Any]
) -> GuestPolicy:
    """Have the desk serve others than before, from now on, wherever it runs.

    Args:
        changes: by the names in `Welcome`.
    """
    before = await service.guest_policies.load(by.team_id)
    after = before.model_copy(update=changes)
    if after != before:
        was, is_ = before.model_dump(), after.model_dump()
        await service.audit_log.record(
            by, "changed who is let in", "the desk", before=was, after=is_
        )
        await service.guest_policies.update(by.team_id, changes)
    return after


# ------------------------------------------------------------------------------------------------


async def _replace_skill_of_members(
    service: TicketService, team_id: str, skill: str, new_name: str | None
) -> None:
    members = service.database.members
    having: Document = {"team_id": team_id, "skills": skill}
    async with translate_errors():
        if new_name is not None:
            both = {"team_id": team_id, "$and": [{"skills": skill}, {"skills": new_name}]}
            await members.update_many(both, {"$pull": {"skills": skill}})
            change = {"$set": {"skills.$[one]": new_name}}
            await members.update_many(having, change, array_filters=[{"one": skill}])
        else:
            await members.update_many(having, {"$pull": {"skills": skill}})


def _with_category(triage: Triage | None, name: str, new_name: str) -> Triage | None:
    """What was said, by the category's new name."""
    if triage is None or triage.category != name:
        return triage
    return triage.model_copy(update={"category": new_name})


def _replace_skill(skills: tuple[str, ...], skill: str, new_name: str | None) -> tuple[str, ...]:
    named = (new_name if one == skill else one for one in skills)
    return tuple(dict.fromkeys(one for one in named if one is not None))


async def _find_open_ticket_ids(service: TicketService, team_id: str, query: Document) -> list[str]:
    query = {"team_id": team_id, "status": {"$in": _OPEN_STATUSES}, **query}
    async with translate_errors():
        return [one["_id"] async for one in service.database.tickets.find(query, {"_id": 1})]


async def _update_tickets(
    service: TicketService, ticket_ids: list[str], change: Callable[[Ticket], Ticket]
) -> None:
    """Change each ticket, and draw its cards anew; a move that is made meanwhile stays."""

    def changed(ticket: Ticket, now: datetime) -> Ticket:
        after = change(ticket)
        if after == ticket:
            return ticket
        return after.with_stale_cards().with_step(Step.REFRESH_CARDS, due=now)

    for ticket_id in ticket_ids:
        with suppress(Conflict, NoSuchTicket):
            await service.update_ticket(ticket_id, changed)
