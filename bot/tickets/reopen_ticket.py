"""The requester or the assignee reopens a ticket; it is offered to its resolver first."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.background import BackgroundTasks
from bot.card_buttons import handle_move
from models.messages.buttons import Button
from models.ticket_service import TicketService
from models.tickets.workflow import Move


def register(app: AsyncApp) -> None:
    """Register the listener."""
    app.action(Button.REOPEN.value)(reopen_ticket)


async def reopen_ticket(
    ack: AsyncAck, body: dict[str, Any], service: TicketService, background: BackgroundTasks
) -> None:
    await handle_move(Move.REOPEN, ack=ack, body=body, service=service, background=background)
