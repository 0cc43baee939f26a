"""Resolves a ticket with a note, all tickets of an incident, or the requester's own ticket."""

import logging
from datetime import datetime
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import identity
from bot.background import BackgroundTasks
from bot.tickets import resolution_form, ticket_form
from bot.ui.form_fields import FORM_NOT_OPENED_TEXT
from bot.ui.notice_view import notice_view
from models.errors import ExternalServiceError, UserFacingError
from models.infra.logs import ticket_log_context
from models.messages.buttons import ButtonValue
from models.ticket_service import TicketService
from models.tickets import workflow
from models.tickets.action import Button, Verb
from models.tickets.pending_step import Step
from models.tickets.ticket import Ticket

log = logging.getLogger(__name__)


def register(app: AsyncApp) -> None:
    """Register the listeners for the buttons and the forms."""
    app.action(Button.RESOLVE_WITH_NOTE.value)(open_form)
    app.view(resolution_form.CALLBACK)(resolve_with_note)
    app.action(Button.ANSWER_ALL.value)(open_incident_form)
    app.view(resolution_form.CALLBACK_FOR_ALL)(resolve_incident)
    app.action(ticket_form.SOLVE_ACTION_ID)(solve_ticket)


async def open_form(ack: AsyncAck, body: dict[str, Any], service: TicketService) -> None:
    """Open the form for one ticket; a trigger is valid for 3 seconds."""
    await _show_form(ack, body, service, for_incident=False)


async def open_incident_form(ack: AsyncAck, body: dict[str, Any], service: TicketService) -> None:
    """Open the form for all tickets of an incident."""
    await _show_form(ack, body, service, for_incident=True)


async def _show_form(
    ack: AsyncAck, body: dict[str, Any], service: TicketService, *, for_incident: bool
) -> None:
    button_value = ButtonValue.parse(body["actions"][0].get("value", ""))
    member = await identity.identify_member(service, body)
    ticket = await service.tickets.get_for(member, button_value.ticket_id, Verb.RESOLVE)
    try:
        form = resolution_form.render(ticket, for_incident=for_incident)
        await service.slack.open_view(body["trigger_id"], form)
    except ExternalServiceError as error:
        raise UserFacingError(FORM_NOT_OPENED_TEXT) from error
    await ack()


async def resolve_with_note(ack: AsyncAck, body: dict[str, Any], service: TicketService) -> None:
    """Resolve the ticket with the note; only its assignee can, so no version is compared."""
    member = await identity.identify_member(service, body)
    ticket_id, solution = resolution_form.read(body["view"])
    with ticket_log_context(ticket_id):
        await service.move(ticket_id, Verb.RESOLVE, actor=member, solution=solution)
        log.info("%s: %s with a note", ticket_id, Verb.RESOLVE)
    await ack()


async def resolve_incident(ack: AsyncAck, body: dict[str, Any], service: TicketService) -> None:
    """Resolve the first ticket, and let the worker resolve the incident's other tickets."""
    member = await identity.identify_member(service, body)
    ticket_id, solution = resolution_form.read(body["view"])

    def resolve(ticket: Ticket, now: datetime) -> Ticket:
        after = workflow.transition(ticket, Verb.RESOLVE, actor=member, now=now, solution=solution)
        return after.with_step(Step.ANSWER_INCIDENT, due=now)

    with ticket_log_context(ticket_id):
        await service.update_ticket(ticket_id, resolve)
        log.info("%s: %s with all tickets of the incident", ticket_id, Verb.RESOLVE)
    await ack()


async def solve_ticket(
    ack: AsyncAck, body: dict[str, Any], service: TicketService, background: BackgroundTasks
) -> None:
    """Resolve the requester's own ticket, whatever its status is by now."""
    button_value = ButtonValue.parse(body["actions"][0].get("value", ""))
    member = await identity.identify_member(service, body)
    with ticket_log_context(button_value.ticket_id):
        ticket = await service.move(button_value.ticket_id, Verb.SELF_RESOLVE, actor=member)
        log.info("%s: %s", ticket.id, Verb.SELF_RESOLVE)
    confirmation = notice_view(
        *ticket_form.solved_confirmation(ticket), title=f"Ticket {ticket.id}"
    )
    background.start(service.slack.update_view(body["view"]["id"], confirmation))
    await ack()
