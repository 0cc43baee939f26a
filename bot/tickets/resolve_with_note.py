"""Resolves a ticket, or all tickets of an incident, with a note: the buttons and their form."""

import logging
from datetime import datetime

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import identity
from bot.card_buttons import CardButtons
from bot.payload import Payload
from bot.ui.form_fields import input_field, text_input
from bot.ui.open_view import open_view
from bot.ui.submitted_form import SubmittedForm
from bot.ui.views import form_view
from models.infra.logs import ticket_log_context
from models.messages.block_kit import Block, View
from models.messages.slack_client import SlackClient
from models.people.store import MemberStore
from models.ticket_service import TicketService
from models.tickets import workflow
from models.tickets.actions import Button, Verb
from models.tickets.incident import reporter_count
from models.tickets.pending_step import Step
from models.tickets.ticket import Ticket
from models.triage.similarity import MAX_SOLUTION_LENGTH

CALLBACK, CALLBACK_FOR_ALL = "solution", "solution_for_all"
SOLUTION = "solution"
log = logging.getLogger(__name__)


def register(app: AsyncApp) -> None:
    """Register the listeners for the buttons and the forms."""
    app.action(Button.RESOLVE_WITH_NOTE.value)(open_form)
    app.view(CALLBACK)(resolve_with_note)
    app.action(Button.ANSWER_ALL.value)(open_incident_form)
    app.view(CALLBACK_FOR_ALL)(resolve_incident)


async def open_form(
    ack: AsyncAck, body: Payload, *, slack: SlackClient, card_buttons: CardButtons
) -> None:
    """Open the form for one ticket."""
    ticket = await card_buttons.get_clicked_ticket(body, Verb.RESOLVE)
    await open_view(slack, body, render(ticket))
    await ack()


async def open_incident_form(
    ack: AsyncAck, body: Payload, *, slack: SlackClient, card_buttons: CardButtons
) -> None:
    """Open the form for all tickets of an incident."""
    ticket = await card_buttons.get_clicked_ticket(body, Verb.RESOLVE)
    await open_view(slack, body, render_for_incident(ticket))
    await ack()


def render(ticket: Ticket) -> View:
    """The form for one ticket."""
    return form_view(
        CALLBACK,
        f"Resolve {ticket.id}",
        [_solution_field(ticket, readers="The requester sees this")],
        submit="Resolve",
        ticket=ticket,
    )


def render_for_incident(ticket: Ticket) -> View:
    """The form for all tickets of an incident."""
    people = reporter_count(ticket)
    return form_view(
        CALLBACK_FOR_ALL,
        f"Resolve for {people} people",
        [_solution_field(ticket, readers=f"All {people} requesters see this")],
        submit="Resolve all",
        ticket=ticket,
    )


async def resolve_with_note(
    ack: AsyncAck, body: Payload, *, members: MemberStore, ticket_service: TicketService
) -> None:
    """Resolve the ticket with the note; only its assignee can, so no version is compared."""
    member = await identity.identify_member(body, members=members)
    ticket_id, solution = _read(body["view"])
    with ticket_log_context(ticket_id):
        await ticket_service.move(ticket_id, Verb.RESOLVE, actor=member, solution=solution)
        log.info("%s: %s with a note", ticket_id, Verb.RESOLVE)
    await ack()


async def resolve_incident(
    ack: AsyncAck, body: Payload, *, members: MemberStore, ticket_service: TicketService
) -> None:
    """Resolve the first ticket, and let the worker resolve the incident's other tickets."""
    member = await identity.identify_member(body, members=members)
    ticket_id, solution = _read(body["view"])

    def resolve(ticket: Ticket, now: datetime) -> Ticket:
        after = workflow.transition(ticket, Verb.RESOLVE, actor=member, now=now, solution=solution)
        return after.with_step(Step.ANSWER_INCIDENT, due=now)

    with ticket_log_context(ticket_id):
        await ticket_service.update_ticket(ticket_id, resolve)
        log.info("%s: %s with all tickets of the incident", ticket_id, Verb.RESOLVE)
    await ack()


def _solution_field(ticket: Ticket, *, readers: str) -> Block:
    element = text_input(
        max_length=MAX_SOLUTION_LENGTH,
        multiline=True,
        placeholder="Restarted the VPN client and signed in again",
    )
    hint = f"{readers}, and it may be suggested for similar tickets: don't name people."
    if ticket.confidential:
        hint = f"{readers}."
    return input_field(SOLUTION, "How was it solved?", element, hint=hint)


def _read(view: Payload) -> tuple[str, str]:
    """The ticket's id, and how it was solved."""
    form = SubmittedForm(view)
    solution = form.required_text(
        SOLUTION,
        max_length=MAX_SOLUTION_LENGTH,
        if_empty="Say in a few words how it was solved.",
    )
    return form.ticket.ticket_id, solution
