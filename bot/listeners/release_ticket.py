"""A moderator releases a ticket they have claimed, and it is offered to the next-best person."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.background import Background
from bot.pressing import press
from models.cards import Button
from models.desk import Desk
from models.flow import Move


def register(app: AsyncApp) -> None:
    """Listen for the button."""
    app.action(Button.RELEASE.value)(release_ticket)


async def release_ticket(
    ack: AsyncAck, body: dict[str, Any], desk: Desk, background: Background
) -> None:
    """Make the move."""
    await press(Move.RELEASE, ack=ack, body=body, desk=desk, background=background)
