"""Admins read the audit log."""

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import identity
from bot.admin.reports import audit_log_view
from bot.payload import Payload
from bot.ui.open_view import push_view
from models.ticket_service import TicketService


def register(app: AsyncApp) -> None:
    """Listen for the button."""
    app.action(audit_log_view.OPEN)(show_audit)


async def show_audit(ack: AsyncAck, body: Payload, service: TicketService) -> None:
    """Push the page with the newest entries."""
    admin = await identity.require_admin(service, body)
    entries = await service.audit_log.entries(admin.team_id, limit=audit_log_view.MAX_ENTRIES + 1)
    await push_view(service.slack, body, audit_log_view.render(entries))
    await ack()
