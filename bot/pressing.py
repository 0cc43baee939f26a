"""A button on a card is pressed: the move is made, and the card changes under the finger."""

from typing import Any

from slack_bolt.async_app import AsyncAck

from bot import acting
from bot.background import Background
from models.cards import Pressed, draw
from models.desk import Desk
from models.errors import DeskError, NoSuchTicket
from models.flow import Move
from models.member import Member
from models.ticket import CardKind, Ticket


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
    except NoSuchTicket:
        raise
    except DeskError:
        background.start(_redraw(desk, pressed.ticket_id, member, body))
        raise
    # The worker's refresh makes it certain; a busy worker must not make buttons feel dead.
    background.start(_redraw(desk, pressed.ticket_id, member, body))
    await ack()


async def _redraw(desk: Desk, ticket_id: str, member: Member, body: dict[str, Any]) -> None:
    """Draw the clicked card as the ticket is now; again if it moved on meanwhile."""
    place = body.get("container", {})
    channel, ts = place.get("channel_id"), place.get("message_ts")
    ticket, _ = await desk.store.ticket(ticket_id)
    if not channel or not ts or not _may_see(ticket, member):
        return
    drawn = -1
    while drawn < ticket.version:
        drawn = ticket.version
        message = draw(ticket, _kind(ticket, ts, member), to=member.slack_id)
        await desk.slack.update(channel, ts, message)
        ticket, _ = await desk.store.ticket(ticket_id)


def _may_see(ticket: Ticket, member: Member) -> bool:
    return member.team_id == ticket.team_id and (
        member.moderates or member.slack_id == ticket.requester
    )


def _kind(ticket: Ticket, ts: str, member: Member) -> CardKind:
    """Which of the ticket's messages was clicked, also before the worker has noted it down."""
    for card in ticket.cards:
        if card.ts == ts:
            return card.kind
    return CardKind.RESOLVED if member.slack_id == ticket.requester else CardKind.MODERATOR
