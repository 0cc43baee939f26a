"""An admin reads what was done: a button behind `/ticket admin`."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import identity
from bot.admin.reports import audit_log_view
from models.errors import ExternalServiceError, UserFacingError
from models.ticket_service import TicketService


def register(app: AsyncApp) -> None:
    """Listen for the button."""
    app.action(audit_log_view.OPEN)(show_audit)


async def show_audit(ack: AsyncAck, body: dict[str, Any], service: TicketService) -> None:
    """Show the last acts."""
    admin = await identity.require_admin(service, body)
    acts = await service.audit_log.entries(admin.team_id, limit=audit_log_view.MAX_ENTRIES + 1)
    try:
        await service.slack.push_view(body["trigger_id"], audit_log_view.render(acts))
    except ExternalServiceError as error:
        raise UserFacingError("Slack did not open the page. Please try again.") from error
    await ack()
