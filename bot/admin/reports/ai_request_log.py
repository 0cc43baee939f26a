"""Admins read the requests that were sent to an AI for a ticket."""

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import identity
from bot.admin.reports import ai_request_log_view
from bot.payload import Payload
from bot.ui.open_view import push_view
from models.access.audit_log import AuditLog
from models.access.directory_sync import DirectorySync
from models.engine.ai_request_log import AiRequestLog
from models.engine.dry_run import DRY_RUN_TICKET_ID, make_dry_run_ticket
from models.errors import InvalidInput, NoSuchTicket
from models.messages.slack_client import SlackClient
from models.people.member import Member
from models.ticket_store.store import TicketStore
from models.tickets.actions import Verb
from models.tickets.ticket import Ticket


def register(app: AsyncApp) -> None:
    """Listen for the button and for the form."""
    app.action(ai_request_log_view.OPEN)(open_ai_request_log)
    app.view(ai_request_log_view.CALLBACK)(show_ai_requests)


async def open_ai_request_log(
    ack: AsyncAck, body: Payload, *, slack: SlackClient, directory: DirectorySync
) -> None:
    """Push the form that asks for a ticket number."""
    await identity.require_admin(body, directory=directory)
    view = ai_request_log_view.render_search_form()
    await push_view(slack, body, view)
    await ack()


async def show_ai_requests(
    ack: AsyncAck,
    body: Payload,
    *,
    tickets: TicketStore,
    ai_request_log: AiRequestLog,
    audit_log: AuditLog,
    directory: DirectorySync,
) -> None:
    """Record the access in the audit log, then show the requests."""
    admin = await identity.require_admin(body, directory=directory)
    ticket_id = ai_request_log_view.read_ticket_id(body["view"])
    ticket = await _get_ticket(admin, ticket_id, tickets=tickets)
    entries = await ai_request_log.list_for_ticket(
        admin.team_id, ticket_id, limit=ai_request_log_view.MAX_ENTRIES + 1
    )
    key = f"read sent:{body['view']['id']}:{ticket_id}"
    await audit_log.record(admin, "read what was sent to the AI", ticket_id, idempotency_key=key)
    await ack(response_action="update", view=ai_request_log_view.render(ticket, entries))


async def _get_ticket(admin: Member, ticket_id: str, *, tickets: TicketStore) -> Ticket:
    """The ticket; the requests of all test triages have one ticket id."""
    if ticket_id == DRY_RUN_TICKET_ID:
        return make_dry_run_ticket(admin.team_id, "", "")
    try:
        return await tickets.get_for(admin, ticket_id, Verb.VIEW)
    except NoSuchTicket as error:
        raise InvalidInput({ai_request_log_view.TICKET_NUMBER: str(error)}) from error
