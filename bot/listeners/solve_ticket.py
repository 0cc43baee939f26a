"""How a ticket was solved: a moderator says so who resolves it, or who asked finds it there."""

import logging
from datetime import datetime
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import acting
from bot.background import Background
from bot.views import solution_form, ticket_form
from bot.views.sentence import sentence_view
from models import flow
from models.cards import Button, Pressed
from models.desk import Desk
from models.errors import DeskError, NoSuchTicket, NotAllowed, OutsideError
from models.flow import Move
from models.logs import about
from models.permissions import Verb, may
from models.step import Step
from models.ticket import Ticket
from models.wording import not_for_you

log = logging.getLogger(__name__)


def register(app: AsyncApp) -> None:
    """Listen for the buttons, and for the form."""
    app.action(Button.RESOLVE_NOTING.value)(open_form)
    app.view(solution_form.CALLBACK)(resolve_ticket)
    app.action(Button.ANSWER_ALL.value)(open_form_for_all)
    app.view(solution_form.ALL)(answer_all)
    app.action(ticket_form.SOLVED)(solve_ticket)


async def open_form(ack: AsyncAck, body: dict[str, Any], desk: Desk) -> None:
    """Ask how it was solved; the trigger lives three seconds."""
    await _ask(ack, body, desk, to_all=False)


async def open_form_for_all(ack: AsyncAck, body: dict[str, Any], desk: Desk) -> None:
    """The same, for all who have reported it."""
    await _ask(ack, body, desk, to_all=True)


async def _ask(ack: AsyncAck, body: dict[str, Any], desk: Desk, *, to_all: bool) -> None:
    pressed = Pressed.read(body["actions"][0].get("value", ""))
    member = await acting.member(desk, body)
    ticket, _ = await desk.store.ticket(pressed.ticket_id)
    if not flow.concerns(ticket, member):
        raise NoSuchTicket
    if not may(Verb.RESOLVE, member, ticket):
        raise NotAllowed(not_for_you(ticket))
    try:
        form = solution_form.draw(ticket, to_all=to_all)
        await desk.slack.open_view(body["trigger_id"], form)
    except OutsideError as error:
        raise DeskError("Slack did not open the form. Please try again.") from error
    await ack()


async def resolve_ticket(ack: AsyncAck, body: dict[str, Any], desk: Desk) -> None:
    """Resolve it as it was solved; whatever else has happened to it, they have it still."""
    member = await acting.member(desk, body)
    ticket_id, solution = solution_form.read(body["view"])
    with about(ticket_id):
        await desk.move(ticket_id, Move.RESOLVE, by=member, solution=solution)
        log.info("%s: %s with a note", ticket_id, Move.RESOLVE)
    await ack()


async def answer_all(ack: AsyncAck, body: dict[str, Any], desk: Desk) -> None:
    """Resolve it, and have the worker resolve all that report the same."""
    member = await acting.member(desk, body)
    ticket_id, solution = solution_form.read(body["view"])

    def resolved(ticket: Ticket, now: datetime) -> Ticket:
        if not flow.concerns(ticket, member):
            raise NoSuchTicket
        done = flow.make(ticket, Move.RESOLVE, by=member, now=now, solution=solution)
        return done.asking(Step.ANSWER_ALL, due=now)

    with about(ticket_id):
        await desk.amend(ticket_id, resolved)
        log.info("%s: %s, with all that report the same", ticket_id, Move.RESOLVE)
    await ack()


async def solve_ticket(
    ack: AsyncAck, body: dict[str, Any], desk: Desk, background: Background
) -> None:
    """Who asked needs nobody any more, wherever the ticket has got to meanwhile."""
    pressed = Pressed.read(body["actions"][0].get("value", ""))
    member = await acting.member(desk, body)
    with about(pressed.ticket_id):
        ticket = await desk.move(pressed.ticket_id, Move.SOLVE, by=member)
        log.info("%s: %s", ticket.id, Move.SOLVE)
    thanks = sentence_view(*ticket_form.solved(ticket), title=f"Ticket {ticket.id}")
    background.start(desk.slack.update_view(body["view"]["id"], thanks))
    await ack()
