"""A moderator claims a ticket with the button on its card; the first one wins."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.background import Background
from bot.pressing import press
from models.cards import Button
from models.desk import Desk
from models.flow import Move


def register(app: AsyncApp) -> None:
    """Listen for the button."""
    app.action(Button.CLAIM.value)(claim_ticket)


async def claim_ticket(
    ack: AsyncAck, body: dict[str, Any], desk: Desk, background: Background
) -> None:
    """Make the move."""
    await press(Move.CLAIM, ack=ack, body=body, desk=desk, background=background)
