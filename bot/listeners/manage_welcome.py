"""An admin says whom the desk serves from outside, and which user group makes moderators."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import acting
from bot.background import Background
from bot.listeners.follow_people import read_group
from bot.views import welcome_form
from bot.views.sentence import sentence_view
from models import arranging
from models.desk import Desk
from models.errors import DeskError, OutsideError


def register(app: AsyncApp) -> None:
    """Listen for the button and for the form."""
    app.action(welcome_form.OPEN)(open_welcome)
    app.view(welcome_form.CALLBACK)(save_welcome)


async def open_welcome(
    ack: AsyncAck, body: dict[str, Any], desk: Desk, background: Background
) -> None:
    """Show the form on top of the one about people, once Slack has told its user groups."""
    team_id = (await acting.admin(desk, body)).team_id
    waiting = sentence_view("One moment …", title=welcome_form.TITLE)
    try:
        view_id = await desk.slack.push_view(body["trigger_id"], waiting)
    except OutsideError as error:
        raise DeskError("Slack did not show the form. Please try again.") from error
    background.start(_fill(desk, view_id, team_id))
    await ack()


async def _fill(desk: Desk, view_id: str, team_id: str) -> None:
    """Put the form into the modal; without the groups, should Slack not tell of them."""
    welcome = await desk.welcomes.of(team_id)
    try:
        view = welcome_form.draw(welcome, await desk.slack.groups())
    except OutsideError as error:
        view = welcome_form.draw(welcome, (), fault=str(error))
    await desk.slack.update_view(view_id, view)


async def save_welcome(
    ack: AsyncAck, body: dict[str, Any], desk: Desk, background: Background
) -> None:
    """Store what was changed; who is in the user group is read after the answer."""
    admin = await acting.admin(desk, body)
    changes = welcome_form.read(body["view"])
    welcome = await arranging.save_welcome(desk, admin, changes)
    if "moderators" in changes:
        background.start(read_group(desk, admin.team_id))
    says = sentence_view(*welcome_form.saved(welcome), title=welcome_form.TITLE)
    await ack(response_action="update", view=says)
