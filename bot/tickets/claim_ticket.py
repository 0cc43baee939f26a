"""A moderator claims a ticket with the button on its card; the first claim wins."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.background import BackgroundTasks
from bot.card_buttons import handle_move
from models.messages.buttons import Button
from models.ticket_service import TicketService
from models.tickets.workflow import Move


def register(app: AsyncApp) -> None:
    """Register the listener."""
    app.action(Button.CLAIM.value)(claim_ticket)


async def claim_ticket(
    ack: AsyncAck, body: dict[str, Any], service: TicketService, background: BackgroundTasks
) -> None:
    await handle_move(Move.CLAIM, ack=ack, body=body, service=service, background=background)
