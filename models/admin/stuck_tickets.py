"""Stuck tickets: those with dead steps, and those in quarantine. Admins let them go on."""

from contextlib import suppress
from dataclasses import dataclass

from models.access.audit_log import AuditLog
from models.errors import Conflict, NoSuchTicket
from models.health import MAX_REPORTED_TICKETS, group_dead_steps
from models.people.member import Member
from models.ticket_service import TicketService
from models.ticket_store.store import TicketStore
from models.tickets.pending_step import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class StuckTickets:
    """Retries dead steps, and releases tickets from quarantine, with an audit entry for each."""

    tickets: TicketStore
    ticket_service: TicketService
    audit_log: AuditLog

    async def replay_all(self, admin: Member, step: Step) -> int:
        """Retry all dead steps of this kind; returns their number."""
        ticket_ids = await self._dead_ticket_ids(step)
        await self.replay(admin, step, ticket_ids)
        return len(ticket_ids)

    async def replay(self, admin: Member, step: Step, ticket_ids: tuple[str, ...]) -> None:
        """Retry the step of these tickets; if none is left, the next one alerts admins again."""
        remaining = set(await self._dead_ticket_ids(step)) - set(ticket_ids)
        for ticket_id in ticket_ids:
            with suppress(Conflict, NoSuchTicket):
                await self.ticket_service.replay_step(ticket_id, step)
        if not remaining:
            # Clear the alarm last: a ticket whose step is still dead would raise it again.
            await self.tickets.clear_alarm(admin.team_id, step)
        after = {"tickets": list(ticket_ids)}
        await self.audit_log.record(admin, "tried again", step, after=after)

    async def release_quarantined(self, admin: Member) -> int:
        """Release the tickets that can be read again; returns their number."""
        released = []
        for ticket_id in await self.tickets.quarantined_tickets(limit=MAX_REPORTED_TICKETS):
            with suppress(NoSuchTicket):
                await self.tickets.release_from_quarantine(ticket_id)
                released.append(ticket_id)
        after = {"tickets": released}
        await self.audit_log.record(admin, "took up damaged tickets", "tickets", after=after)
        return len(released)

    async def _dead_ticket_ids(self, step: Step) -> tuple[str, ...]:
        """The ids of the tickets on which this step is dead."""
        groups = group_dead_steps(await self.tickets.dead_tickets(limit=MAX_REPORTED_TICKETS))
        return next((group.ticket_ids for group in groups if group.step is step), ())
