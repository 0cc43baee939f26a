"""Orphaned tickets: those of an assignee who is not a moderator any more."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from models.errors import Conflict, NoSuchTicket
from models.people.store import MemberStore
from models.text import mention
from models.ticket_service import TicketService
from models.ticket_store.store import TicketStore
from models.tickets import workflow
from models.tickets.actions import Verb
from models.tickets.ticket import Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class OrphanedTickets:
    """Finds orphaned tickets, and lets them be assigned again."""

    tickets: TicketStore
    members: MemberStore
    ticket_service: TicketService

    async def reassign(self, team_id: str) -> None:
        """Unassign the tickets of people who are not moderators any more."""
        ids_by_assignee = await self.tickets.ticket_ids_by_assignee(team_id)
        members = await self.members.moderators(team_id)
        moderators = {member.slack_id for member in members if member.can_moderate}
        for slack_id in ids_by_assignee.keys() - moderators:
            for ticket_id in ids_by_assignee[slack_id]:
                with suppress(Conflict, NoSuchTicket):
                    await self._unassign(ticket_id, slack_id)

    async def _unassign(self, ticket_id: str, slack_id: str) -> None:
        def unassign(ticket: Ticket, now: datetime) -> Ticket:
            if ticket.assignee != slack_id:
                raise Conflict(f"{ticket_id} has another assignee")
            reason = f"{mention(slack_id)} is no longer a moderator"
            return workflow.transition(
                ticket, Verb.UNASSIGN, actor=None, now=now, event_reason=reason
            )

        await self.ticket_service.update_ticket(ticket_id, unassign)
