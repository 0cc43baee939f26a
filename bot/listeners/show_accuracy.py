"""An admin sees how often triage was right: a button behind `/ticket admin`."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import acting
from bot.background import Background
from bot.views import accuracy
from bot.views.sentence import sentence_view
from models.accuracy import MOST_LESSONS, measure
from models.desk import Desk
from models.errors import DeskError, OutsideError


def register(app: AsyncApp) -> None:
    """Listen for the button."""
    app.action(accuracy.OPEN)(show_accuracy)


async def show_accuracy(
    ack: AsyncAck, body: dict[str, Any], desk: Desk, background: Background
) -> None:
    """Open the page at once, since the trigger lives three seconds; then count."""
    admin = await acting.admin(desk, body)
    waiting = sentence_view("One moment: I am counting …", title=accuracy.TITLE)
    try:
        view_id = await desk.slack.push_view(body["trigger_id"], waiting)
    except OutsideError as error:
        raise DeskError("Slack did not open the page. Please try again.") from error
    background.start(_show(desk, view_id, admin.team_id))
    await ack()


async def _show(desk: Desk, view_id: str, team_id: str) -> None:
    try:
        page = accuracy.draw(measure(await desk.lessons.judged(team_id, limit=MOST_LESSONS)))
    except DeskError as refused:
        page = sentence_view(str(refused), title=accuracy.TITLE)
    await desk.slack.update_view(view_id, page)
