"""An admin reads what was sent to an AI of a ticket: a button behind `/ticket admin`."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import identity
from bot.admin.reports import ai_request_log_view
from models.engine.dry_run import DRY_RUN_TICKET_ID, make_dry_run_ticket
from models.errors import ExternalServiceError, InvalidInput, NoSuchTicket, UserFacingError
from models.ticket_service import TicketService
from models.tickets.ticket import Ticket


def register(app: AsyncApp) -> None:
    """Listen for the button and the form behind it."""
    app.action(ai_request_log_view.OPEN)(open_ai_request_log)
    app.view(ai_request_log_view.CALLBACK)(show_ai_requests)


async def open_ai_request_log(ack: AsyncAck, body: dict[str, Any], service: TicketService) -> None:
    """Ask for the ticket's number."""
    await identity.require_admin(service, body)
    try:
        await service.slack.push_view(body["trigger_id"], ai_request_log_view.render_search_form())
    except ExternalServiceError as error:
        raise UserFacingError("Slack did not open the page. Please try again.") from error
    await ack()


async def show_ai_requests(ack: AsyncAck, body: dict[str, Any], service: TicketService) -> None:
    """Show what was sent, once it is written down who has looked."""
    admin = await identity.require_admin(service, body)
    ticket_id = ai_request_log_view.read_ticket_id(body["view"])
    ticket = await _get_ticket(service, admin.team_id, ticket_id)
    shown = await service.ai_request_log.list_for_ticket(
        admin.team_id, ticket_id, limit=ai_request_log_view.MAX_ENTRIES + 1
    )
    key = f"read sent:{body['view']['id']}:{ticket_id}"
    await service.audit_log.record(
        admin, "read what was sent to the AI", ticket_id, idempotency_key=key
    )
    await ack(response_action="update", view=ai_request_log_view.render(ticket, shown))


async def _get_ticket(service: TicketService, team_id: str, ticket_id: str) -> Ticket:
    """The ticket asked for; under one number stands what was only tried."""
    if ticket_id == DRY_RUN_TICKET_ID:
        return make_dry_run_ticket(team_id, "", "")
    try:
        ticket, _ = await service.tickets.get_ticket(ticket_id)
    except NoSuchTicket:
        raise InvalidInput(
            {ai_request_log_view.TICKET_NUMBER: f"There is no ticket {ticket_id}."}
        ) from None
    if ticket.team_id != team_id:
        raise InvalidInput({ai_request_log_view.TICKET_NUMBER: f"There is no ticket {ticket_id}."})
    return ticket
