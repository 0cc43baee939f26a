"""An admin says whom the desk serves from outside, and which user group makes moderators."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import identity
from bot.admin.people import guest_policy_form
from bot.background import BackgroundTasks
from bot.events.directory_changes import sync_moderator_group
from bot.ui.notice_view import notice_view
from models.admin import taxonomy
from models.errors import ExternalServiceError, UserFacingError
from models.ticket_service import TicketService


def register(app: AsyncApp) -> None:
    """Listen for the button and for the form."""
    app.action(guest_policy_form.OPEN)(open_guest_policy)
    app.view(guest_policy_form.CALLBACK)(save_guest_policy)


async def open_guest_policy(
    ack: AsyncAck, body: dict[str, Any], service: TicketService, background: BackgroundTasks
) -> None:
    """Show the form on top of the one about people, once Slack has told its user groups."""
    team_id = (await identity.require_admin(service, body)).team_id
    waiting = notice_view("One moment …", title=guest_policy_form.TITLE)
    try:
        view_id = await service.slack.push_view(body["trigger_id"], waiting)
    except ExternalServiceError as error:
        raise UserFacingError("Slack did not show the form. Please try again.") from error
    background.start(_fill_form(service, view_id, team_id))
    await ack()


async def _fill_form(service: TicketService, view_id: str, team_id: str) -> None:
    """Put the form into the modal; without the groups, should Slack not tell of them."""
    welcome = await service.guest_policies.load(team_id)
    try:
        view = guest_policy_form.render(welcome, await service.slack.user_groups())
    except ExternalServiceError as error:
        view = guest_policy_form.render(welcome, (), groups_error=str(error))
    await service.slack.update_view(view_id, view)


async def save_guest_policy(
    ack: AsyncAck, body: dict[str, Any], service: TicketService, background: BackgroundTasks
) -> None:
    """Store what was changed; who is in the user group is read after the answer."""
    admin = await identity.require_admin(service, body)
    changes = guest_policy_form.read(body["view"])
    welcome = await taxonomy.save_guest_policy(service, admin, changes)
    if "moderators" in changes:
        background.start(sync_moderator_group(service, admin.team_id))
    says = notice_view(
        *guest_policy_form.confirmation_texts(welcome), title=guest_policy_form.TITLE
    )
    await ack(response_action="update", view=says)
