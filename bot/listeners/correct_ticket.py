"""A moderator puts right what triage said of a ticket; the desk learns from it."""

import logging
from collections.abc import Callable
from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import acting
from bot.background import Background
from bot.pressing import Act, press_for
from bot.views import correction_form
from models import flow
from models.cards import Button, Pressed
from models.correction import Correction, correcting
from models.desk import Desk
from models.errors import DeskError, NoSuchTicket, NotAllowed, OutOfTurn, OutsideError
from models.logs import about
from models.member import Member
from models.permissions import Verb, may
from models.ticket import Ticket
from models.triage import Triage
from models.wording import not_for_you

log = logging.getLogger(__name__)


def register(app: AsyncApp) -> None:
    """Listen for the button, and for the form."""
    app.action(Button.CORRECT.value)(open_form)
    app.action(Button.LIKELIEST.value)(choose_likeliest)
    app.action(Button.SECOND.value)(choose_second)
    app.view(correction_form.CALLBACK)(save_correction)


async def open_form(ack: AsyncAck, body: dict[str, Any], desk: Desk) -> None:
    """Open the form, filled in as the ticket is now; the trigger lives three seconds."""
    pressed = Pressed.read(body["actions"][0].get("value", ""))
    member = await acting.member(desk, body)
    ticket = await _correctable(desk, member, pressed.ticket_id)
    configuration = await desk.store.configuration(ticket.team_id)
    try:
        view = correction_form.draw(ticket, configuration)
        await desk.slack.open_view(body["trigger_id"], view)
    except OutsideError as error:
        raise DeskError("Slack did not open the form. Please try again.") from error
    await ack()


async def save_correction(ack: AsyncAck, body: dict[str, Any], desk: Desk) -> None:
    """Store what the moderator says; of a ticket that has changed meanwhile, ask once more."""
    member = await acting.member(desk, body)
    seen, chosen = correction_form.read(body["view"])
    with about(seen.ticket_id):
        ticket = await _correctable(desk, member, seen.ticket_id)
        configuration = await desk.store.configuration(ticket.team_id)
        correction = chosen.checked(configuration, ticket)
        change = correcting(correction, by=member, seen=seen.version)
        try:
            await desk.amend(ticket.id, change)
        except OutOfTurn:
            now = await _correctable(desk, member, seen.ticket_id)
            view = correction_form.draw(now, configuration, chosen=correction)
            await ack(response_action="update", view=view)
            return
        log.info("%s: corrected", ticket.id)
    await ack()


async def choose_likeliest(
    ack: AsyncAck, body: dict[str, Any], desk: Desk, background: Background
) -> None:
    """It is what the engine took it for, though it was not sure."""
    choice = _choosing(desk, lambda triage: triage.category)
    await press_for(choice, ack=ack, body=body, desk=desk, background=background)


async def choose_second(
    ack: AsyncAck, body: dict[str, Any], desk: Desk, background: Background
) -> None:
    """It is what the engine took for the next likeliest."""
    choice = _choosing(desk, lambda triage: triage.second)
    await press_for(choice, ack=ack, body=body, desk=desk, background=background)


def _choosing(desk: Desk, category: Callable[[Triage], str]) -> Act:
    async def chosen(pressed: Pressed, member: Member) -> Ticket:
        ticket = await _correctable(desk, member, pressed.ticket_id)
        wanted = Correction(category=category(ticket.triage) if ticket.triage else None)
        correction = wanted.checked(await desk.store.configuration(ticket.team_id), ticket)
        change = correcting(correction, by=member, seen=pressed.version)
        return await desk.amend(ticket.id, change)

    return chosen


async def _correctable(desk: Desk, member: Member, ticket_id: str) -> Ticket:
    """The ticket, if the person may correct it.

    Raises:
        NoSuchTicket, NotAllowed: they may not.
        OutOfTurn: there is nothing to correct yet.
    """
    ticket, _ = await desk.store.ticket(ticket_id)
    if not flow.concerns(ticket, member):
        raise NoSuchTicket
    if not may(Verb.CORRECT, member, ticket):
        raise NotAllowed(not_for_you(ticket))
    if ticket.triage is None:
        raise OutOfTurn(f"{ticket.id} is not triaged yet. Please try again in a moment.")
    return ticket
