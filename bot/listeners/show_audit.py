"""An admin reads what was done: a button behind `/ticket admin`."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import acting
from bot.views import audit
from models.desk import Desk
from models.errors import DeskError, OutsideError


def register(app: AsyncApp) -> None:
    """Listen for the button."""
    app.action(audit.OPEN)(show_audit)


async def show_audit(ack: AsyncAck, body: dict[str, Any], desk: Desk) -> None:
    """Show the last acts."""
    admin = await acting.admin(desk, body)
    acts = await desk.accounts.acts(admin.team_id, limit=audit.MOST_SHOWN + 1)
    try:
        await desk.slack.push_view(body["trigger_id"], audit.draw(acts))
    except OutsideError as error:
        raise DeskError("Slack did not open the page. Please try again.") from error
    await ack()
