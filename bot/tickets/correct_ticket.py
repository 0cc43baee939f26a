"""A moderator edits the triage of a ticket; the engine learns from the change."""

import logging
from collections.abc import Callable

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import identity
from bot.card_buttons import ButtonAction, CardButtons
from bot.payload import Payload, action_value
from bot.tickets import correction_form
from bot.ui.open_view import open_view
from models.errors import Conflict
from models.infra.logs import ticket_log_context
from models.messages.buttons import ButtonValue
from models.messages.slack_client import SlackClient
from models.people.member import Member
from models.people.store import MemberStore
from models.ticket_service import TicketService
from models.ticket_store.store import TicketStore
from models.tickets.actions import Button, Verb
from models.tickets.correction import Correction, apply_correction
from models.tickets.ticket import Ticket
from models.triage.result import Triage
from models.triage.taxonomy_store import TaxonomyStore

log = logging.getLogger(__name__)


def register(app: AsyncApp) -> None:
    """Register the listeners for the buttons and the form."""
    app.action(Button.CORRECT.value)(open_form)
    app.action(Button.CHOOSE_LIKELIEST.value)(choose_first_category)
    app.action(Button.CHOOSE_SECOND.value)(choose_second_category)
    app.view(correction_form.CALLBACK)(save_correction)


async def open_form(
    ack: AsyncAck,
    body: Payload,
    *,
    slack: SlackClient,
    members: MemberStore,
    tickets: TicketStore,
    taxonomies: TaxonomyStore,
) -> None:
    """Open the form with the ticket's triage; a trigger is valid for 3 seconds."""
    button_value = ButtonValue.parse(action_value(body))
    member = await identity.identify_member(body, members=members)
    ticket = await _get_correctable_ticket(member, button_value.ticket_id, tickets=tickets)
    taxonomy = await taxonomies.get_taxonomy(ticket.team_id)
    await open_view(slack, body, correction_form.render(ticket, taxonomy))
    await ack()


async def save_correction(
    ack: AsyncAck,
    body: Payload,
    *,
    members: MemberStore,
    tickets: TicketStore,
    taxonomies: TaxonomyStore,
    ticket_service: TicketService,
) -> None:
    """Store the moderator's choices; if the ticket has changed, show the form again with them."""
    member = await identity.identify_member(body, members=members)
    seen, choices = correction_form.read(body["view"])
    with ticket_log_context(seen.ticket_id):
        ticket = await _get_correctable_ticket(member, seen.ticket_id, tickets=tickets)
        taxonomy = await taxonomies.get_taxonomy(ticket.team_id)
        correction = choices.validate(taxonomy, ticket)
        update = apply_correction(correction, actor=member, seen_version=seen.version)
        try:
            await ticket_service.update_ticket(ticket.id, update)
        except Conflict:
            current = await _get_correctable_ticket(member, seen.ticket_id, tickets=tickets)
            view = correction_form.render(current, taxonomy, correction=correction)
            await ack(response_action="update", view=view)
            return
        log.info("%s: triage corrected", ticket.id)
    await ack()


async def choose_first_category(
    ack: AsyncAck,
    body: Payload,
    *,
    tickets: TicketStore,
    taxonomies: TaxonomyStore,
    ticket_service: TicketService,
    card_buttons: CardButtons,
) -> None:
    """Confirm the category that the engine chose without being sure."""
    action = _category_action(
        lambda triage: triage.category,
        tickets=tickets,
        taxonomies=taxonomies,
        ticket_service=ticket_service,
    )
    await card_buttons.handle_button(action, ack=ack, body=body)


async def choose_second_category(
    ack: AsyncAck,
    body: Payload,
    *,
    tickets: TicketStore,
    taxonomies: TaxonomyStore,
    ticket_service: TicketService,
    card_buttons: CardButtons,
) -> None:
    """Replace the category by the engine's second choice."""
    action = _category_action(
        lambda triage: triage.second,
        tickets=tickets,
        taxonomies=taxonomies,
        ticket_service=ticket_service,
    )
    await card_buttons.handle_button(action, ack=ack, body=body)


def _category_action(
    pick_category: Callable[[Triage], str],
    *,
    tickets: TicketStore,
    taxonomies: TaxonomyStore,
    ticket_service: TicketService,
) -> ButtonAction:
    async def choose_category(button_value: ButtonValue, member: Member) -> Ticket:
        ticket = await _get_correctable_ticket(member, button_value.ticket_id, tickets=tickets)
        taxonomy = await taxonomies.get_taxonomy(ticket.team_id)
        category = pick_category(ticket.triage) if ticket.triage else None
        correction = Correction(category=category).validate(taxonomy, ticket)
        update = apply_correction(correction, actor=member, seen_version=button_value.version)
        return await ticket_service.update_ticket(ticket.id, update)

    return choose_category


async def _get_correctable_ticket(
    member: Member, ticket_id: str, *, tickets: TicketStore
) -> Ticket:
    """The ticket, if this person may edit its triage.

    Raises:
        NoSuchTicket: the ticket does not exist, or this person may not see it.
        NotAllowed: this person may not edit the triage.
        Conflict: the ticket is not triaged yet.
    """
    ticket = await tickets.get_for(member, ticket_id, Verb.CORRECT)
    if ticket.triage is None:
        raise Conflict(f"{ticket.id} is not triaged yet. Please try again in a moment.")
    return ticket
