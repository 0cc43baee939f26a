"""A button on a card is pressed: the move is made, and the card changes under the finger."""

import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

from slack_bolt.async_app import AsyncAck
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_exponential

from bot import identity
from bot.background import BackgroundTasks
from models.errors import DatabaseUnavailable, ExternalServiceError, NoSuchTicket, UserFacingError
from models.infra.logs import ticket_log_context
from models.messages.buttons import ButtonValue
from models.messages.cards import render_card
from models.people.member import Member
from models.ticket_service import TicketService
from models.tickets.pending_step import Step
from models.tickets.ticket import Card, CardKind, Ticket
from models.tickets.workflow import Move

# For so long the database may be away.
_DATABASE_RETRY_SECONDS = 300
log = logging.getLogger(__name__)


ButtonAction = Callable[[ButtonValue, Member], Awaitable[Ticket]]
"""What a pressed button does; raises DeskError when it can't."""


async def handle_move(
    move: Move,
    *,
    ack: AsyncAck,
    body: dict[str, Any],
    service: TicketService,
    background: BackgroundTasks,
) -> None:
    """Make the move that the pressed button stands for; raises as `press_for` does."""

    async def moved(pressed: ButtonValue, member: Member) -> Ticket:
        return await service.move(
            pressed.ticket_id, move, actor=member, seen_version=pressed.version
        )

    await handle_button(moved, ack=ack, body=body, service=service, background=background)


async def handle_button(
    action: ButtonAction,
    *,
    ack: AsyncAck,
    body: dict[str, Any],
    service: TicketService,
    background: BackgroundTasks,
) -> None:
    """Do what the pressed button stands for.

    Raises:
        DeskError: it can't be done; the card is drawn anew all the same.
    """
    pressed = ButtonValue.parse(body["actions"][0].get("value", ""))
    with ticket_log_context(pressed.ticket_id):
        await _run_action(
            action, pressed, ack=ack, body=body, service=service, background=background
        )


async def _run_action(
    action: ButtonAction,
    button_value: ButtonValue,
    *,
    ack: AsyncAck,
    body: dict[str, Any],
    service: TicketService,
    background: BackgroundTasks,
) -> None:
    member = await identity.identify_member(service, body)
    try:
        ticket = await action(button_value, member)
    except UserFacingError:
        background.start(_redraw_latest_card(service, button_value.ticket_id, member, body))
        raise
    # The worker's refresh makes it certain; a busy worker must not make buttons feel dead.
    card = _find_clicked_card(ticket, member, body) or _card_from_payload(ticket, member, body)
    background.start(_redraw_card(service, ticket, card))
    log.info("%s: %s", ticket.id, ticket.history[-1].what)
    await ack()


async def _redraw_card(service: TicketService, ticket: Ticket, card: Card) -> None:
    """Draw the card as the ticket is now; again if it looks different meanwhile."""
    drawn = ""
    with ticket_log_context(ticket.id):
        try:
            while (message := render_card(ticket, card.kind, viewer=card.to)).digest != drawn:
                await service.slack.update_message(card.channel, card.ts, message)
                drawn = message.digest
                ticket, _ = await service.tickets.get_ticket(ticket.id)
        except (ExternalServiceError, DatabaseUnavailable) as error:
            # It may have been drawn all the same, and over something newer.
            log.warning("%s: a card is left to a worker: %s", ticket.id, error)
            await _request_card_refresh(service, ticket.id)


@retry(
    retry=retry_if_exception_type(DatabaseUnavailable),
    wait=wait_exponential(max=5),
    stop=stop_after_delay(_DATABASE_RETRY_SECONDS),
)
async def _request_card_refresh(service: TicketService, ticket_id: str) -> None:
    """Have a worker draw all messages about the ticket anew."""

    def stale(ticket: Ticket, now: datetime) -> Ticket:
        return ticket.with_stale_cards().with_step(Step.REFRESH_CARDS, due=now)

    await service.update_ticket(ticket_id, stale)


async def _redraw_latest_card(
    service: TicketService, ticket_id: str, member: Member, body: dict[str, Any]
) -> None:
    with suppress(NoSuchTicket):
        ticket, _ = await service.tickets.get_ticket(ticket_id)
        if card := _find_clicked_card(ticket, member, body):
            await _redraw_card(service, ticket, card)


def _find_clicked_card(ticket: Ticket, member: Member, body: dict[str, Any]) -> Card | None:
    """The ticket's own card that was clicked: what a forged value names is never drawn."""
    ts = body.get("container", {}).get("message_ts")
    mine = (card for card in ticket.cards if card.to == member.slack_id)
    return next((card for card in mine if card.ts == ts), None)


def _card_from_payload(ticket: Ticket, member: Member, body: dict[str, Any]) -> Card:
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
