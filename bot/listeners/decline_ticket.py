"""A moderator declines a ticket, and it is offered to the next-best person."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.background import Background
from bot.pressing import press
from models.cards import Button
from models.desk import Desk
from models.flow import Move


def register(app: AsyncApp) -> None:
    """Listen for the button."""
    app.action(Button.DECLINE.value)(decline_ticket)


async def decline_ticket(
    ack: AsyncAck, body: dict[str, Any], desk: Desk, background: Background
) -> None:
    """Make the move."""
    await press(Move.DECLINE, ack=ack, body=body, desk=desk, background=background)
