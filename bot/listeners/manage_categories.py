"""An admin keeps the list of categories."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import acting
from bot.background import Background
from bot.views import categories_form
from bot.views.sentence import sentence_view
from models import arranging
from models.desk import Desk
from models.errors import DeskError, OutsideError
from models.wording import escape

_SLACK_SILENT = "Slack did not show the form. Please try again."


def register(app: AsyncApp) -> None:
    """Listen for the button, for the category picked, and for the form."""
    app.action(categories_form.OPEN)(open_categories)
    app.action(categories_form.PICK)(show_category)
    app.view(categories_form.CALLBACK)(save_category)
    app.action(categories_form.REMOVE)(remove_category)


async def open_categories(ack: AsyncAck, body: dict[str, Any], desk: Desk) -> None:
    """Show the form on top of the one about people."""
    team_id = (await acting.admin(desk, body)).team_id
    form = categories_form.draw(await desk.store.configuration(team_id))
    try:
        await desk.slack.push_view(body["trigger_id"], form)
    except OutsideError as error:
        raise DeskError(_SLACK_SILENT) from error
    await ack()


async def show_category(ack: AsyncAck, body: dict[str, Any], desk: Desk) -> None:
    """Show the category picked, before anything else can be filled in."""
    team_id = (await acting.admin(desk, body)).team_id
    configuration = await desk.store.configuration(team_id)
    form = categories_form.draw(configuration, categories_form.picked(body))
    try:
        await desk.slack.update_view(body["view"]["id"], form)
    except OutsideError as error:
        raise DeskError(_SLACK_SILENT) from error
    await ack()


async def save_category(
    ack: AsyncAck, body: dict[str, Any], desk: Desk, background: Background
) -> None:
    """Change the category, or add it; open tickets follow a new name after the answer."""
    admin = await acting.admin(desk, body)
    team_id = admin.team_id
    name, category = categories_form.read(body["view"], await desk.store.configuration(team_id))
    await arranging.save_category(desk, admin, name, category)
    if name and name != category.name:
        background.start(arranging.category_follows(desk, team_id, name, category.name))
    says = f"*{escape(category.name)}* is saved."
    await ack(response_action="update", view=sentence_view(says, title=categories_form.TITLE))


async def remove_category(
    ack: AsyncAck, body: dict[str, Any], desk: Desk, background: Background
) -> None:
    """Remove a category; Slack has asked whether that is meant."""
    admin = await acting.admin(desk, body)
    name = str(body["actions"][0]["value"])
    await arranging.remove_category(desk, admin, name)
    says = sentence_view(f"*{escape(name)}* is removed.", title=categories_form.TITLE)
    background.start(desk.slack.update_view(body["view"]["id"], says))
    await ack()
