"""Handles the buttons on cards: makes the transition and redraws the card at once."""

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

# The request for a redraw by a worker is retried for this long while MongoDB is down.
_DATABASE_RETRY_SECONDS = 300
log = logging.getLogger(__name__)


ButtonAction = Callable[[ButtonValue, Member], Awaitable[Ticket]]
"""The action of a button; raises UserFacingError if it is refused."""


async def handle_move(
    move: Move,
    *,
    ack: AsyncAck,
    body: dict[str, Any],
    service: TicketService,
    background: BackgroundTasks,
) -> None:
    """Make the transition of the pressed button.

    Raises:
        UserFacingError: the transition is refused; the card is redrawn all the same.
    """

    async def make_move(button_value: ButtonValue, member: Member) -> Ticket:
        return await service.move(
            button_value.ticket_id, move, actor=member, seen_version=button_value.version
        )

    await handle_button(make_move, ack=ack, body=body, service=service, background=background)


async def handle_button(
    action: ButtonAction,
    *,
    ack: AsyncAck,
    body: dict[str, Any],
    service: TicketService,
    background: BackgroundTasks,
) -> None:
    """Run the action of the pressed button, and redraw its card.

    Raises:
        UserFacingError: the action is refused; the card is redrawn all the same.
    """
    button_value = ButtonValue.parse(body["actions"][0].get("value", ""))
    with ticket_log_context(button_value.ticket_id):
        await _run_action(
            action, button_value, ack=ack, body=body, service=service, background=background
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
    # The worker redraws the card, too. The bot does it first, so a busy worker delays no button.
    card = _find_clicked_card(ticket, member, body) or _card_from_payload(ticket, member, body)
    background.start(_redraw_card(service, ticket, card))
    log.info("%s: %s", ticket.id, ticket.history[-1].what)
    await ack()


async def _redraw_card(service: TicketService, ticket: Ticket, card: Card) -> None:
    """Draw the card, and again if the ticket changes meanwhile."""
    shown_digest = ""
    with ticket_log_context(ticket.id):
        try:
            message = render_card(ticket, card.kind, viewer=card.to)
            while message.digest != shown_digest:
                await service.slack.update_message(card.channel, card.ts, message)
                shown_digest = message.digest
                ticket, _ = await service.tickets.get_ticket(ticket.id)
                message = render_card(ticket, card.kind, viewer=card.to)
        except (ExternalServiceError, DatabaseUnavailable) as error:
            # Slack may have drawn it all the same, over a newer state.
            log.warning("%s: a worker must redraw a card: %s", ticket.id, error)
            await _request_card_refresh(service, ticket.id)


@retry(
    retry=retry_if_exception_type(DatabaseUnavailable),
    wait=wait_exponential(max=5),
    stop=stop_after_delay(_DATABASE_RETRY_SECONDS),
)
async def _request_card_refresh(service: TicketService, ticket_id: str) -> None:
    """Add the step that redraws all cards of the ticket."""

    def mark_stale(ticket: Ticket, now: datetime) -> Ticket:
        return ticket.with_stale_cards().with_step(Step.REFRESH_CARDS, due=now)

    await service.update_ticket(ticket_id, mark_stale)


async def _redraw_latest_card(
    service: TicketService, ticket_id: str, member: Member, body: dict[str, Any]
) -> None:
    with suppress(NoSuchTicket):
        ticket, _ = await service.tickets.get_ticket(ticket_id)
        if card := _find_clicked_card(ticket, member, body):
            await _redraw_card(service, ticket, card)


def _find_clicked_card(ticket: Ticket, member: Member, body: dict[str, Any]) -> Card | None:
    """The clicked card, if the ticket has it; a forged value cannot make another card change."""
    ts = body.get("container", {}).get("message_ts")
    cards = (card for card in ticket.cards if card.to == member.slack_id)
    return next((card for card in cards if card.ts == ts), None)


def _card_from_payload(ticket: Ticket, member: Member, body: dict[str, Any]) -> Card:
    """The clicked card by Slack's payload: the worker may not have stored the card yet."""
    is_requester = member.slack_id == ticket.requester
    return Card(
        notice="",
        kind=CardKind.RESOLVED if is_requester else CardKind.MODERATOR,
        to=member.slack_id,
        channel=body["container"]["channel_id"],
        ts=body["container"]["message_ts"],
        version=0,
    )
