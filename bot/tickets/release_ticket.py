"""A moderator releases a ticket that they claimed, and it is offered to the next person."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.background import BackgroundTasks
from bot.card_buttons import handle_move
from models.messages.buttons import Button
from models.ticket_service import TicketService
from models.tickets.workflow import Move


def register(app: AsyncApp) -> None:
    """Register the listener."""
    app.action(Button.RELEASE.value)(release_ticket)


async def release_ticket(
    ack: AsyncAck, body: dict[str, Any], service: TicketService, background: BackgroundTasks
) -> None:
    await handle_move(Move.RELEASE, ack=ack, body=body, service=service, background=background)
