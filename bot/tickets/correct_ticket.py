"""A moderator puts right what triage said of a ticket; the desk learns from it."""

import logging
from collections.abc import Callable
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import identity
from bot.background import BackgroundTasks
from bot.card_buttons import ButtonAction, handle_button
from bot.tickets import correction_form
from models.errors import Conflict, ExternalServiceError, NoSuchTicket, NotAllowed, UserFacingError
from models.infra.logs import ticket_log_context
from models.messages.buttons import Button, ButtonValue
from models.people.member import Member
from models.ticket_service import TicketService
from models.tickets import workflow
from models.tickets.correction import Correction, apply_correction
from models.tickets.permissions import Verb, can
from models.tickets.refusals import forbidden_text
from models.tickets.ticket import Ticket
from models.triage.result import Triage

log = logging.getLogger(__name__)


def register(app: AsyncApp) -> None:
    """Listen for the button, and for the form."""
    app.action(Button.CORRECT.value)(open_form)
    app.action(Button.CHOOSE_LIKELIEST.value)(choose_first_category)
    app.action(Button.CHOOSE_SECOND.value)(choose_second_category)
    app.view(correction_form.CALLBACK)(save_correction)


async def open_form(ack: AsyncAck, body: dict[str, Any], service: TicketService) -> None:
    """Open the form, filled in as the ticket is now; the trigger lives three seconds."""
    pressed = ButtonValue.parse(body["actions"][0].get("value", ""))
    member = await identity.identify_member(service, body)
    ticket = await _get_correctable_ticket(service, member, pressed.ticket_id)
    configuration = await service.taxonomies.get_taxonomy(ticket.team_id)
    try:
        view = correction_form.render(ticket, configuration)
        await service.slack.open_view(body["trigger_id"], view)
    except ExternalServiceError as error:
        raise UserFacingError("Slack did not open the form. Please try again.") from error
    await ack()


async def save_correction(ack: AsyncAck, body: dict[str, Any], service: TicketService) -> None:
    """Store what the moderator says; of a ticket that has changed meanwhile, ask once more."""
    member = await identity.identify_member(service, body)
    seen, chosen = correction_form.read(body["view"])
    with ticket_log_context(seen.ticket_id):
        ticket = await _get_correctable_ticket(service, member, seen.ticket_id)
        configuration = await service.taxonomies.get_taxonomy(ticket.team_id)
        correction = chosen.validate(configuration, ticket)
        change = apply_correction(correction, actor=member, seen_version=seen.version)
        try:
            await service.update_ticket(ticket.id, change)
        except Conflict:
            now = await _get_correctable_ticket(service, member, seen.ticket_id)
            view = correction_form.render(now, configuration, correction=correction)
            await ack(response_action="update", view=view)
            return
        log.info("%s: corrected", ticket.id)
    await ack()


async def choose_first_category(
    ack: AsyncAck, body: dict[str, Any], service: TicketService, background: BackgroundTasks
) -> None:
    """It is what the engine took it for, though it was not sure."""
    choice = _category_action(service, lambda triage: triage.category)
    await handle_button(choice, ack=ack, body=body, service=service, background=background)


async def choose_second_category(
    ack: AsyncAck, body: dict[str, Any], service: TicketService, background: BackgroundTasks
) -> None:
    """It is what the engine took for the next likeliest."""
    choice = _category_action(service, lambda triage: triage.second)
    await handle_button(choice, ack=ack, body=body, service=service, background=background)


def _category_action(
    service: TicketService, pick_category: Callable[[Triage], str]
) -> ButtonAction:
    async def chosen(pressed: ButtonValue, member: Member) -> Ticket:
        ticket = await _get_correctable_ticket(service, member, pressed.ticket_id)
        wanted = Correction(category=pick_category(ticket.triage) if ticket.triage else None)
        correction = wanted.validate(await service.taxonomies.get_taxonomy(ticket.team_id), ticket)
        change = apply_correction(correction, actor=member, seen_version=pressed.version)
        return await service.update_ticket(ticket.id, change)

    return chosen


async def _get_correctable_ticket(service: TicketService, member: Member, ticket_id: str) -> Ticket:
    """The ticket, if the person may correct it.

    Raises:
        NoSuchTicket, NotAllowed: they may not.
        OutOfTurn: there is nothing to correct yet.
    """
    ticket, _ = await service.tickets.get_ticket(ticket_id)
    if not workflow.is_visible_to(ticket, member):
        raise NoSuchTicket
    if not can(Verb.CORRECT, member, ticket):
        raise NotAllowed(forbidden_text(ticket))
    if ticket.triage is None:
        raise Conflict(f"{ticket.id} is not triaged yet. Please try again in a moment.")
    return ticket
