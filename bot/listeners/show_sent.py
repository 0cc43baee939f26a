"""An admin reads what was sent to an AI of a ticket: a button behind `/ticket admin`."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import acting
from bot.views import sent
from models.desk import Desk
from models.errors import DeskError, InvalidDraft, NoSuchTicket, OutsideError
from models.ticket import Ticket
from models.trial import TRIAL, tried


def register(app: AsyncApp) -> None:
    """Listen for the button and the form behind it."""
    app.action(sent.OPEN)(ask_which)
    app.view(sent.CALLBACK)(show_sent)


async def ask_which(ack: AsyncAck, body: dict[str, Any], desk: Desk) -> None:
    """Ask for the ticket's number."""
    await acting.admin(desk, body)
    try:
        await desk.slack.push_view(body["trigger_id"], sent.ask())
    except OutsideError as error:
        raise DeskError("Slack did not open the page. Please try again.") from error
    await ack()


async def show_sent(ack: AsyncAck, body: dict[str, Any], desk: Desk) -> None:
    """Show what was sent, once it is written down who has looked."""
    admin = await acting.admin(desk, body)
    ticket_id = sent.read(body["view"])
    ticket = await _ticket(desk, admin.team_id, ticket_id)
    shown = await desk.sent.of(admin.team_id, ticket_id, limit=sent.MOST_SHOWN + 1)
    key = f"read sent:{body['view']['id']}:{ticket_id}"
    await desk.accounts.note(admin, "read what was sent to the AI", ticket_id, key=key)
    await ack(response_action="update", view=sent.draw(ticket, shown))


async def _ticket(desk: Desk, team_id: str, ticket_id: str) -> Ticket:
    """The ticket asked for; under one number stands what was only tried."""
    if ticket_id == TRIAL:
        return tried(team_id, "", "")
    try:
        ticket, _ = await desk.store.ticket(ticket_id)
    except NoSuchTicket:
        raise InvalidDraft({sent.NUMBER: f"There is no ticket {ticket_id}."}) from None
    if ticket.team_id != team_id:
        raise InvalidDraft({sent.NUMBER: f"There is no ticket {ticket_id}."})
    return ticket
