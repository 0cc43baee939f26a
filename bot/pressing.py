"""A button on a card is pressed: the move is made, and the card changes under the finger."""

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

from slack_bolt.async_app import AsyncAck
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_exponential

from bot import acting
from bot.background import Background
from models.cards import Pressed, draw
from models.desk import Desk
from models.errors import DeskError, NoSuchTicket, OutsideError, Unavailable
from models.flow import Move
from models.logs import about
from models.member import Member
from models.step import Step
from models.ticket import Card, CardKind, Ticket

# For so long the database may be away.
_AWAY_SECONDS = 300
log = logging.getLogger(__name__)


Act = Callable[[Pressed, Member], Awaitable[Ticket]]
"""What a pressed button does; raises DeskError when it can't."""


async def press(
    move: Move, *, ack: AsyncAck, body: dict[str, Any], desk: Desk, background: Background
) -> None:
    """Make the move that the pressed button stands for; raises as `press_for` does."""

    async def moved(pressed: Pressed, member: Member) -> Ticket:
        return await desk.move(pressed.ticket_id, move, by=member, seen=pressed.version)

    await press_for(moved, ack=ack, body=body, desk=desk, background=background)


async def press_for(
    act: Act, *, ack: AsyncAck, body: dict[str, Any], desk: Desk, background: Background
) -> None:
    """Do what the pressed button stands for.

    Raises:
        DeskError: it can't be done; the card is drawn anew all the same.
    """
    pressed = Pressed.read(body["actions"][0].get("value", ""))
    with about(pressed.ticket_id):
        await _do(act, pressed, ack=ack, body=body, desk=desk, background=background)


async def _do(
    act: Act,
    pressed: Pressed,
    *,
    ack: AsyncAck,
    body: dict[str, Any],
    desk: Desk,
    background: Background,
) -> None:
    member = await acting.member(desk, body)
    try:
        ticket = await act(pressed, member)
    except DeskError:
        background.start(_redraw_as_it_stands(desk, pressed.ticket_id, member, body))
        raise
    # The worker's refresh makes it certain; a busy worker must not make buttons feel dead.
    card = _clicked(ticket, member, body) or _not_yet_noted(ticket, member, body)
    background.start(_redraw(desk, ticket, card))
    log.info("%s: %s", ticket.id, ticket.history[-1].what)
    await ack()


async def _redraw(desk: Desk, ticket: Ticket, card: Card) -> None:
    """Draw the card as the ticket is now; again if it looks different meanwhile."""
    drawn = ""
    with about(ticket.id):
        try:
            while (message := draw(ticket, card.kind, to=card.to)).digest != drawn:
                await desk.slack.update(card.channel, card.ts, message)
                drawn = message.digest
                ticket, _ = await desk.store.ticket(ticket.id)
        except (OutsideError, Unavailable) as error:
            # It may have been drawn all the same, and over something newer.
            log.warning("%s: a card is left to a worker: %s", ticket.id, error)
            await _has_it_drawn(desk, ticket.id)


@retry(
    retry=retry_if_exception_type(Unavailable),
    wait=wait_exponential(max=5),
    stop=stop_after_delay(_AWAY_SECONDS),
)
async def _has_it_drawn(desk: Desk, ticket_id: str) -> None:
    """Have a worker draw all messages about the ticket anew."""

    def stale(ticket: Ticket, now: datetime) -> Ticket:
        return ticket.with_stale_cards().asking(Step.REFRESH_CARDS, due=now)

    await desk.amend(ticket_id, stale)


async def _redraw_as_it_stands(
    desk: Desk, ticket_id: str, member: Member, body: dict[str, Any]
) -> None:
    with suppress(NoSuchTicket):
        ticket, _ = await desk.store.ticket(ticket_id)
        if card := _clicked(ticket, member, body):
            await _redraw(desk, ticket, card)


def _clicked(ticket: Ticket, member: Member, body: dict[str, Any]) -> Card | None:
    """The ticket's own card that was clicked: what a forged value names is never drawn."""
    ts = body.get("container", {}).get("message_ts")
    mine = (card for card in ticket.cards if card.to == member.slack_id)
    return next((card for card in mine if card.ts == ts), None)


def _not_yet_noted(ticket: Ticket, member: Member, body: dict[str, Any]) -> Card:
    """The clicked card, by what Slack says of it: the worker may be slower than a finger."""
    asked = member.slack_id == ticket.requester
    return Card(
        notice="",
        kind=CardKind.RESOLVED if asked else CardKind.MODERATOR,
        to=member.slack_id,
        channel=body["container"]["channel_id"],
        ts=body["container"]["message_ts"],
        version=0,
    )
