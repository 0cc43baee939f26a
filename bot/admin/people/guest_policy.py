"""Admins edit the guest policy: access for guests, and the user group of moderators."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import identity
from bot.admin.people import guest_policy_form
from bot.background import BackgroundTasks
from bot.events.directory_changes import sync_moderator_group
from bot.ui.notice_view import notice_view
from bot.ui.open_view import fill_view, loading_view, push_view
from models.admin import taxonomy
from models.errors import ExternalServiceError
from models.messages.cards import Block
from models.ticket_service import TicketService


def register(app: AsyncApp) -> None:
    """Listen for the button and for the form."""
    app.action(guest_policy_form.OPEN)(open_guest_policy)
    app.view(guest_policy_form.CALLBACK)(save_guest_policy)


async def open_guest_policy(
    ack: AsyncAck, body: dict[str, Any], service: TicketService, background: BackgroundTasks
) -> None:
    """Push the form, and fill it in when Slack has listed its user groups."""
    team_id = (await identity.require_admin(service, body)).team_id
    title = guest_policy_form.TITLE
    view_id = await push_view(service.slack, body["trigger_id"], loading_view(title))
    form = _render_form(service, team_id)
    background.start(fill_view(service.slack, view_id, form, title=title))
    await ack()


async def _render_form(service: TicketService, team_id: str) -> Block:
    """The form; if Slack does not list the user groups, the form says so."""
    policy = await service.guest_policies.load(team_id)
    try:
        return guest_policy_form.render(policy, await service.slack.user_groups())
    except ExternalServiceError as error:
        return guest_policy_form.render(policy, (), groups_error=str(error))


async def save_guest_policy(
    ack: AsyncAck, body: dict[str, Any], service: TicketService, background: BackgroundTasks
) -> None:
    """Store the changes, and read the members of a new user group in the background."""
    admin = await identity.require_admin(service, body)
    changes = guest_policy_form.read(body["view"])
    policy = await taxonomy.save_guest_policy(service, admin, changes)
    if "moderators" in changes:
        background.start(sync_moderator_group(service, admin.team_id))
    texts = guest_policy_form.confirmation_texts(policy)
    await ack(response_action="update", view=notice_view(*texts, title=guest_policy_form.TITLE))
