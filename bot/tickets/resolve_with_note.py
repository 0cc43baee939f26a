"""How a ticket was solved: a moderator says so who resolves it, or who asked finds it there."""

import logging
from datetime import datetime
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import identity
from bot.background import BackgroundTasks
from bot.tickets import resolution_form, ticket_form
from bot.ui.notice_view import notice_view
from models.errors import ExternalServiceError, NoSuchTicket, NotAllowed, UserFacingError
from models.infra.logs import ticket_log_context
from models.messages.buttons import Button, ButtonValue
from models.ticket_service import TicketService
from models.tickets import workflow
from models.tickets.pending_step import Step
from models.tickets.permissions import Verb, can
from models.tickets.refusals import forbidden_text
from models.tickets.ticket import Ticket
from models.tickets.workflow import Move

log = logging.getLogger(__name__)


def register(app: AsyncApp) -> None:
    """Listen for the buttons, and for the form."""
    app.action(Button.RESOLVE_WITH_NOTE.value)(open_form)
    app.view(resolution_form.CALLBACK)(resolve_with_note)
    app.action(Button.ANSWER_ALL.value)(open_incident_form)
    app.view(resolution_form.CALLBACK_FOR_ALL)(resolve_incident)
    app.action(ticket_form.SOLVE_ACTION_ID)(solve_ticket)


async def open_form(ack: AsyncAck, body: dict[str, Any], service: TicketService) -> None:
    """Ask how it was solved; the trigger lives three seconds."""
    await _show_form(ack, body, service, for_incident=False)


async def open_incident_form(ack: AsyncAck, body: dict[str, Any], service: TicketService) -> None:
    """The same, for all who have reported it."""
    await _show_form(ack, body, service, for_incident=True)


async def _show_form(
    ack: AsyncAck, body: dict[str, Any], service: TicketService, *, for_incident: bool
) -> None:
    pressed = ButtonValue.parse(body["actions"][0].get("value", ""))
    member = await identity.identify_member(service, body)
    ticket, _ = await service.tickets.get_ticket(pressed.ticket_id)
    if not workflow.is_visible_to(ticket, member):
        raise NoSuchTicket
    if not can(Verb.RESOLVE, member, ticket):
        raise NotAllowed(forbidden_text(ticket))
    try:
        form = resolution_form.render(ticket, for_incident=for_incident)
        await service.slack.open_view(body["trigger_id"], form)
    except ExternalServiceError as error:
        raise UserFacingError("Slack did not open the form. Please try again.") from error
    await ack()


async def resolve_with_note(ack: AsyncAck, body: dict[str, Any], service: TicketService) -> None:
    """Resolve it as it was solved; whatever else has happened to it, they have it still."""
    member = await identity.identify_member(service, body)
    ticket_id, solution = resolution_form.read(body["view"])
    with ticket_log_context(ticket_id):
        await service.move(ticket_id, Move.RESOLVE, actor=member, solution=solution)
        log.info("%s: %s with a note", ticket_id, Move.RESOLVE)
    await ack()


async def resolve_incident(ack: AsyncAck, body: dict[str, Any], service: TicketService) -> None:
    """Resolve it, and have the worker resolve all that report the same."""
    member = await identity.identify_member(service, body)
    ticket_id, solution = resolution_form.read(body["view"])

    def resolved(ticket: Ticket, now: datetime) -> Ticket:
        if not workflow.is_visible_to(ticket, member):
            raise NoSuchTicket
        done = workflow.transition(ticket, Move.RESOLVE, actor=member, now=now, solution=solution)
        return done.with_step(Step.ANSWER_INCIDENT, due=now)

    with ticket_log_context(ticket_id):
        await service.update_ticket(ticket_id, resolved)
        log.info("%s: %s, with all that report the same", ticket_id, Move.RESOLVE)
    await ack()


async def solve_ticket(
    ack: AsyncAck, body: dict[str, Any], service: TicketService, background: BackgroundTasks
) -> None:
    """Who asked needs nobody any more, wherever the ticket has got to meanwhile."""
    pressed = ButtonValue.parse(body["actions"][0].get("value", ""))
    member = await identity.identify_member(service, body)
    with ticket_log_context(pressed.ticket_id):
        ticket = await service.move(pressed.ticket_id, Move.SELF_RESOLVE, actor=member)
        log.info("%s: %s", ticket.id, Move.SELF_RESOLVE)
    thanks = notice_view(*ticket_form.solved_confirmation(ticket), title=f"Ticket {ticket.id}")
    background.start(service.slack.update_view(body["view"]["id"], thanks))
    await ack()
