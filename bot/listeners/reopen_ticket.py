"""A ticket that is not solved yet is reopened, and offered again to who had it."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot.background import Background
from bot.pressing import press
from models.cards import Button
from models.desk import Desk
from models.flow import Move


def register(app: AsyncApp) -> None:
    """Listen for the button."""
    app.action(Button.REOPEN.value)(reopen_ticket)


async def reopen_ticket(
    ack: AsyncAck, body: dict[str, Any], desk: Desk, background: Background
) -> None:
    """Make the move."""
    await press(Move.REOPEN, ack=ack, body=body, desk=desk, background=background)
