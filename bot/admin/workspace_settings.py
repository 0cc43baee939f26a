"""Admins change the settings of the workspace, in a form that is drawn from their model."""

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import identity
from bot.admin import workspace_settings_form
from bot.background import BackgroundTasks
from bot.events.directory_changes import sync_moderator_group
from bot.payload import Payload
from bot.ui.open_view import fill_view, push_view
from bot.ui.views import loading_view, notice_view
from models.access.directory_sync import DirectorySync
from models.admin.orphaned_tickets import OrphanedTickets
from models.admin.workspace_settings import SettingsAdmin
from models.errors import ExternalServiceError
from models.messages.block_kit import View
from models.messages.slack_client import SlackClient
from models.workspace.settings_store import SettingsStore


def register(app: AsyncApp) -> None:
    """Listen for the button and for the form."""
    app.action(workspace_settings_form.OPEN)(open_workspace_settings)
    app.view(workspace_settings_form.CALLBACK)(save_workspace_settings)


async def open_workspace_settings(
    ack: AsyncAck,
    body: Payload,
    *,
    background: BackgroundTasks,
    slack: SlackClient,
    workspace_settings: SettingsStore,
    directory: DirectorySync,
) -> None:
    """Push the form, and fill it in when Slack has listed its user groups."""
    team_id = (await identity.require_admin(body, directory=directory)).team_id
    title = workspace_settings_form.TITLE
    view_id = await push_view(slack, body, loading_view(title))
    form = _render_form(team_id, slack=slack, workspace_settings=workspace_settings)
    background.start(fill_view(slack, view_id, form, title=title))
    await ack()


async def _render_form(
    team_id: str, *, slack: SlackClient, workspace_settings: SettingsStore
) -> View:
    """The form; if Slack does not list the user groups, the form says so."""
    settings = await workspace_settings.load(team_id)
    try:
        return workspace_settings_form.render(settings, await slack.user_groups())
    except ExternalServiceError as error:
        return workspace_settings_form.render(settings, (), groups_error=str(error))


async def save_workspace_settings(
    ack: AsyncAck,
    body: Payload,
    *,
    background: BackgroundTasks,
    directory: DirectorySync,
    orphaned_tickets: OrphanedTickets,
    settings_admin: SettingsAdmin,
) -> None:
    """Store the changes, and read the members of a new user group in the background."""
    admin = await identity.require_admin(body, directory=directory)
    changes = workspace_settings_form.read(body["view"])
    settings = await settings_admin.save(admin, changes)
    if "moderators" in changes:
        background.start(
            sync_moderator_group(
                admin.team_id, directory=directory, orphaned_tickets=orphaned_tickets
            )
        )
    texts = workspace_settings_form.confirmation_texts(settings)
    await ack(
        response_action="update", view=notice_view(*texts, title=workspace_settings_form.TITLE)
    )
