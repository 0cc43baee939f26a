"""Taxonomy administration: changes of skills and categories, and of tickets and people with them.

A change is stored by compare-and-set and repeated on the newest taxonomy after a conflict. So two
admins can save at once: the later one wins a field, and no other change is lost. A renamed skill
keeps its old name as an alias, so tickets and people that still use it are understood.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from models.access.audit_log import AuditLog
from models.errors import Conflict, NoSuchTicket
from models.people.member import Member
from models.people.store import MemberStore
from models.ticket_service import TicketService
from models.ticket_store.store import TicketStore
from models.tickets.pending_step import Step
from models.tickets.ticket import Ticket
from models.triage.result import Category, Triage
from models.triage.skills import Skill, Vocabulary
from models.triage.taxonomy import Taxonomy
from models.triage.taxonomy_store import TaxonomyStore


def with_current_skills(ticket: Ticket, vocabulary: Vocabulary) -> Ticket:
    """The ticket with current skill names.

    Triage may have read the taxonomy before a skill was renamed or removed. The rename may have
    updated the tickets before this one was triaged.
    """
    return ticket.with_skills(
        vocabulary.existing_names(ticket.triage.skills if ticket.triage else ())
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxonomyAdmin:
    """Changes skills and categories for admins, with an audit entry for each change."""

    taxonomies: TaxonomyStore
    members: MemberStore
    tickets: TicketStore
    audit_log: AuditLog
    ticket_service: TicketService

    async def add_skills(self, actor: Member, *names: str) -> None:
        """Add skills by name; existing skills stay as they are."""
        before = await self.taxonomies.get_taxonomy(actor.team_id)
        for name in names:
            if before.vocabulary.canonical_name(name) is None:
                await self.audit_log.record(actor, "added skill", name)
        await self.taxonomies.update_taxonomy(
            actor.team_id, lambda taxonomy: taxonomy.with_skills(*names)
        )

    async def save_skill(self, actor: Member, name: str | None, skill: Skill) -> None:
        """Change the skill of this name, or add the skill if `name` is None.

        Members with a renamed skill keep it under the new name.

        Raises:
            Conflict: there is no such skill, or another skill already has one of its terms.
        """

        def save(taxonomy: Taxonomy) -> Taxonomy:
            if name is None:
                return taxonomy.with_new_skill(skill)
            return taxonomy.with_changed_skill(name, skill)

        taxonomy = await self.taxonomies.get_taxonomy(actor.team_id)
        save(taxonomy)  # Raises before the audit entry is added.
        before = None if name is None else taxonomy.get_skill(name)
        await self.audit_log.record(
            actor,
            "changed skill" if before else "added skill",
            name or skill.name,
            before=before.model_dump(mode="json") if before else {},
            after=skill.model_dump(mode="json"),
        )
        await self.taxonomies.update_taxonomy(actor.team_id, save)
        if name is not None and name != skill.name:
            await self.members.replace_skill(actor.team_id, name, skill.name)

    async def merge_skill(self, actor: Member, name: str, into_name: str) -> None:
        """Move all terms, regular expressions and people of a skill to another skill."""

        def merge(taxonomy: Taxonomy) -> Taxonomy:
            return taxonomy.with_merged_skill(name, into_name)

        taxonomy = await self.taxonomies.get_taxonomy(actor.team_id)
        merge(taxonomy)  # Raises before the audit entry is added.
        before = taxonomy.get_skill(name).model_dump(mode="json")
        await self.audit_log.record(
            actor, "merged skill", name, before=before, after={"into": into_name}
        )
        await self.taxonomies.update_taxonomy(actor.team_id, merge)
        await self.members.replace_skill(actor.team_id, name, into_name)

    async def remove_skill(self, actor: Member, name: str) -> None:
        """Remove a skill from the taxonomy and from its people."""
        taxonomy = await self.taxonomies.get_taxonomy(actor.team_id)
        before = taxonomy.get_skill(name).model_dump(mode="json")
        before["people"] = await self.members.count_with_skill(actor.team_id, name)
        await self.audit_log.record(actor, "removed skill", name, before=before)
        await self.taxonomies.update_taxonomy(
            actor.team_id, lambda current: current.without_skill(name)
        )
        await self.members.replace_skill(actor.team_id, name, None)

    async def rename_skill_in_tickets(self, team_id: str, skill: str, new_name: str | None) -> None:
        """Replace a skill of the open tickets, or remove it if `new_name` is None."""

        def rename_skill(ticket: Ticket) -> Ticket:
            skills = ticket.triage.skills if ticket.triage else ()
            return ticket.with_skills(_replace_skill(skills, skill, new_name))

        ticket_ids = await self.tickets.open_ticket_ids_with_skill(team_id, skill)
        await self._update_tickets(ticket_ids, rename_skill)

    async def save_category(self, actor: Member, name: str | None, category: Category) -> None:
        """Change the category of this name, or add the category if `name` is None.

        Raises:
            Conflict: there is no such category, or another category already has the new name.
        """

        def save(taxonomy: Taxonomy) -> Taxonomy:
            return taxonomy.with_category(name, category)

        taxonomy = await self.taxonomies.get_taxonomy(actor.team_id)
        save(taxonomy)  # Raises before the audit entry is added.
        before = taxonomy.find_category(name) if name else None
        await self.audit_log.record(
            actor,
            "changed category" if before else "added category",
            name or category.name,
            before=before.model_dump(mode="json") if before else {},
            after=category.model_dump(mode="json"),
        )
        await self.taxonomies.update_taxonomy(actor.team_id, save)

    async def remove_category(self, actor: Member, name: str) -> None:
        """Remove a category from the taxonomy; its tickets keep it."""

        def remove(taxonomy: Taxonomy) -> Taxonomy:
            return taxonomy.without_category(name)

        taxonomy = await self.taxonomies.get_taxonomy(actor.team_id)
        remove(taxonomy)  # Raises before the audit entry is added.
        category = taxonomy.find_category(name)
        before = category.model_dump(mode="json") if category else {}
        await self.audit_log.record(actor, "removed category", name, before=before)
        await self.taxonomies.update_taxonomy(actor.team_id, remove)

    async def rename_category_in_tickets(self, team_id: str, name: str, new_name: str) -> None:
        """Rename the category of the open tickets."""

        def rename_category(ticket: Ticket) -> Ticket:
            changes = {
                "triage": _with_category(ticket.triage, name, new_name),
                "original_triage": _with_category(ticket.original_triage, name, new_name),
            }
            return ticket.model_copy(update=changes)

        ticket_ids = await self.tickets.open_ticket_ids_with_category(team_id, name)
        await self._update_tickets(ticket_ids, rename_category)

    async def _update_tickets(
        self, ticket_ids: list[str], change: Callable[[Ticket], Ticket]
    ) -> None:
        """Change each ticket and request new cards; a concurrent transition is kept."""

        def change_ticket(ticket: Ticket, now: datetime) -> Ticket:
            after = change(ticket)
            if after == ticket:
                return ticket
            return after.with_stale_cards().with_step(Step.REFRESH_CARDS, due=now)

        for ticket_id in ticket_ids:
            with suppress(Conflict, NoSuchTicket):
                await self.ticket_service.update_ticket(ticket_id, change_ticket)


def _with_category(triage: Triage | None, name: str, new_name: str) -> Triage | None:
    if triage is None or triage.category != name:
        return triage
    return triage.model_copy(update={"category": new_name})


def _replace_skill(skills: tuple[str, ...], skill: str, new_name: str | None) -> tuple[str, ...]:
    replaced = (new_name if one == skill else one for one in skills)
    return tuple(dict.fromkeys(one for one in replaced if one is not None))
