"""Webhook administration: an admin sends a delivery again."""

from dataclasses import dataclass
from datetime import datetime

from models.people.member import Member
from models.ticket_service import TicketService
from models.tickets.pending_step import Step
from models.tickets.ticket import Ticket
from models.webhooks.store import WebhookStore


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookAdmin:
    """Repeats deliveries for admins."""

    webhooks: WebhookStore
    ticket_service: TicketService

    async def redeliver(self, webhook_id: str, delivery_id: str, *, actor: Member) -> bool:
        """Send a delivery again; False when the delivery log has no such delivery."""
        ticket_id = await self.webhooks.mark_undelivered(actor.team_id, webhook_id, delivery_id)
        if ticket_id:
            await self.ticket_service.update_ticket(ticket_id, _with_delivery_step)
        return ticket_id is not None


def _with_delivery_step(ticket: Ticket, now: datetime) -> Ticket:
    return ticket.with_step(Step.DELIVER_WEBHOOKS, due=now)
