"""A button on a card is pressed: the move is made, and the card changes under the finger."""

from contextlib import suppress
from typing import Any

from slack_bolt.async_app import AsyncAck

from bot import acting
from bot.background import Background
from models.cards import Pressed, draw
from models.desk import Desk
from models.errors import NoSuchTicket
from models.flow import Move
from models.member import Member
from models.ticket import Card, Ticket


async def press(
    move: Move, *, ack: AsyncAck, body: dict[str, Any], desk: Desk, background: Background
) -> None:
    """Make the move that the pressed button stands for.

    Raises:
        DeskError: it can't be made; the card is drawn anew all the same.
    """
    pressed = Pressed.read(body["actions"][0].get("value", ""))
    member = await acting.member(desk, body)
    try:
        await desk.move(pressed.ticket_id, move, by=member, seen=pressed.version)
    finally:
        # The worker's refresh makes it certain; a busy worker must not make buttons feel dead.
        background.start(_redraw(desk, pressed.ticket_id, member, body))
    await ack()


async def _redraw(desk: Desk, ticket_id: str, member: Member, body: dict[str, Any]) -> None:
    """Draw the clicked card as the ticket is now; again if it moves on meanwhile."""
    with suppress(NoSuchTicket):
        drawn = -1
        ticket, _ = await desk.store.ticket(ticket_id)
        while drawn < ticket.version and (card := _clicked(ticket, member, body)):
            drawn = ticket.version
            message = draw(ticket, card.kind, to=card.to)
            await desk.slack.update(card.channel, card.ts, message)
            ticket, _ = await desk.store.ticket(ticket_id)


def _clicked(ticket: Ticket, member: Member, body: dict[str, Any]) -> Card | None:
    """The ticket's own card that was clicked: what a forged value names is never drawn."""
    ts = body.get("container", {}).get("message_ts")
    mine = (card for card in ticket.cards if card.to == member.slack_id)
    return next((card for card in mine if card.ts == ts), None)
