"""Admins change the settings of the workspace, in a form that is drawn from their model."""

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import identity
from bot.admin import workspace_settings_form
from bot.background import BackgroundTasks
from bot.events.directory_changes import sync_moderator_group
from bot.payload import Payload
from bot.ui.open_view import fill_view, push_view
from bot.ui.views import loading_view, notice_view
from models.admin.workspace_settings import save_settings
from models.errors import ExternalServiceError
from models.messages.block_kit import View
from models.ticket_service import TicketService


def register(app: AsyncApp) -> None:
    """Listen for the button and for the form."""
    app.action(workspace_settings_form.OPEN)(open_workspace_settings)
    app.view(workspace_settings_form.CALLBACK)(save_workspace_settings)


async def open_workspace_settings(
    ack: AsyncAck, body: Payload, service: TicketService, background: BackgroundTasks
) -> None:
    """Push the form, and fill it in when Slack has listed its user groups."""
    team_id = (await identity.require_admin(service, body)).team_id
    title = workspace_settings_form.TITLE
    view_id = await push_view(service.slack, body, loading_view(title))
    form = _render_form(service, team_id)
    background.start(fill_view(service.slack, view_id, form, title=title))
    await ack()


async def _render_form(service: TicketService, team_id: str) -> View:
    """The form; if Slack does not list the user groups, the form says so."""
    settings = await service.workspace_settings.load(team_id)
    try:
        return workspace_settings_form.render(settings, await service.slack.user_groups())
    except ExternalServiceError as error:
        return workspace_settings_form.render(settings, (), groups_error=str(error))


async def save_workspace_settings(
    ack: AsyncAck, body: Payload, service: TicketService, background: BackgroundTasks
) -> None:
    """Store the changes, and read the members of a new user group in the background."""
    admin = await identity.require_admin(service, body)
    changes = workspace_settings_form.read(body["view"])
    settings = await save_settings(service, admin, changes)
    if "moderators" in changes:
        background.start(sync_moderator_group(service, admin.team_id))
    texts = workspace_settings_form.confirmation_texts(settings)
    await ack(
        response_action="update", view=notice_view(*texts, title=workspace_settings_form.TITLE)
    )
