"""An admin keeps the list of categories."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import identity
from bot.admin.taxonomy import categories_form
from bot.background import BackgroundTasks
from bot.ui.notice_view import notice_view
from models.admin import taxonomy
from models.errors import ExternalServiceError, UserFacingError
from models.text import escape
from models.ticket_service import TicketService

_SLACK_UNAVAILABLE_TEXT = "Slack did not show the form. Please try again."


def register(app: AsyncApp) -> None:
    """Listen for the button, for the category picked, and for the form."""
    app.action(categories_form.OPEN)(open_categories)
    app.action(categories_form.PICK)(show_category)
    app.view(categories_form.CALLBACK)(save_category)
    app.action(categories_form.REMOVE)(remove_category)


async def open_categories(ack: AsyncAck, body: dict[str, Any], service: TicketService) -> None:
    """Show the form on top of the one about people."""
    team_id = (await identity.require_admin(service, body)).team_id
    form = categories_form.render(await service.taxonomies.get_taxonomy(team_id))
    try:
        await service.slack.push_view(body["trigger_id"], form)
    except ExternalServiceError as error:
        raise UserFacingError(_SLACK_UNAVAILABLE_TEXT) from error
    await ack()


async def show_category(ack: AsyncAck, body: dict[str, Any], service: TicketService) -> None:
    """Show the category picked, before anything else can be filled in."""
    team_id = (await identity.require_admin(service, body)).team_id
    configuration = await service.taxonomies.get_taxonomy(team_id)
    form = categories_form.render(configuration, categories_form.selected_category(body))
    try:
        await service.slack.update_view(body["view"]["id"], form)
    except ExternalServiceError as error:
        raise UserFacingError(_SLACK_UNAVAILABLE_TEXT) from error
    await ack()


async def save_category(
    ack: AsyncAck, body: dict[str, Any], service: TicketService, background: BackgroundTasks
) -> None:
    """Change the category, or add it; open tickets follow a new name after the answer."""
    admin = await identity.require_admin(service, body)
    team_id = admin.team_id
    name, category = categories_form.read(
        body["view"], await service.taxonomies.get_taxonomy(team_id)
    )
    await taxonomy.save_category(service, admin, name, category)
    if name and name != category.name:
        background.start(taxonomy.rename_category_in_tickets(service, team_id, name, category.name))
    says = f"*{escape(category.name)}* is saved."
    await ack(response_action="update", view=notice_view(says, title=categories_form.TITLE))


async def remove_category(
    ack: AsyncAck, body: dict[str, Any], service: TicketService, background: BackgroundTasks
) -> None:
    """Remove a category; Slack has asked whether that is meant."""
    admin = await identity.require_admin(service, body)
    name = str(body["actions"][0]["value"])
    await taxonomy.remove_category(service, admin, name)
    says = notice_view(f"*{escape(name)}* is removed.", title=categories_form.TITLE)
    background.start(service.slack.update_view(body["view"]["id"], says))
    await ack()
