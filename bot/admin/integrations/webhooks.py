"""Admins add and remove webhooks, read their delivery log, and resend deliveries."""

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import identity
from bot.admin.integrations import webhooks_form
from bot.background import BackgroundTasks
from bot.payload import Payload, action_value
from bot.ui.open_view import push_view, redraw_view
from models.access.audit_log import AuditLog
from models.access.directory_sync import DirectorySync
from models.admin.webhooks import WebhookAdmin
from models.errors import UserFacingError
from models.messages.block_kit import View
from models.messages.slack_client import SlackClient
from models.webhooks.store import WebhookStore


def register(app: AsyncApp) -> None:
    """Listen for the button, the form, and the buttons in it."""
    app.action(webhooks_form.OPEN)(open_webhooks)
    app.view(webhooks_form.CALLBACK)(add_webhook)
    app.action(webhooks_form.REMOVE)(remove_webhook)
    app.action(webhooks_form.SHOW_DELIVERIES)(show_deliveries)
    app.action(webhooks_form.REPLAY)(replay_delivery)
    app.action(webhooks_form.SHOW_WEBHOOKS)(show_webhooks)


async def open_webhooks(
    ack: AsyncAck,
    body: Payload,
    *,
    slack: SlackClient,
    webhooks: WebhookStore,
    directory: DirectorySync,
) -> None:
    """Push the list of webhooks, with the form for a new one."""
    team_id = (await identity.require_admin(body, directory=directory)).team_id
    view = await _render_webhooks(team_id, webhooks=webhooks)
    await push_view(slack, body, view)
    await ack()


async def add_webhook(
    ack: AsyncAck,
    body: Payload,
    *,
    webhooks: WebhookStore,
    audit_log: AuditLog,
    directory: DirectorySync,
) -> None:
    """Add the webhook and show its secret once; a form that is sent twice adds one webhook."""
    admin = await identity.require_admin(body, directory=directory)
    webhook_input = webhooks_form.read(body["view"])
    webhook = await webhooks.add(
        admin,
        url=webhook_input.url,
        events=webhook_input.events,
        idempotency_key=f"view:{body['view']['id']}",
    )
    await audit_log.record(
        admin,
        "added webhook",
        webhook.id,
        after=webhook.audit_fields(),
        idempotency_key=f"added:{webhook.id}",
    )
    await ack(response_action="update", view=webhooks_form.render_secret(webhook))


async def remove_webhook(
    ack: AsyncAck,
    body: Payload,
    *,
    background: BackgroundTasks,
    slack: SlackClient,
    webhooks: WebhookStore,
    audit_log: AuditLog,
    directory: DirectorySync,
) -> None:
    """Remove the webhook, and show the remaining ones."""
    admin = await identity.require_admin(body, directory=directory)
    webhook_id = action_value(body)
    registered_webhooks = await webhooks.list_webhooks(admin.team_id)
    before = next((webhook for webhook in registered_webhooks if webhook.id == webhook_id), None)
    if await webhooks.remove(admin.team_id, webhook_id):
        await audit_log.record(
            admin, "removed webhook", webhook_id, before=before.audit_fields() if before else {}
        )
    view = await _render_webhooks(admin.team_id, webhooks=webhooks)
    background.start(redraw_view(slack, body, view))
    await ack()


async def show_deliveries(
    ack: AsyncAck,
    body: Payload,
    *,
    background: BackgroundTasks,
    slack: SlackClient,
    webhooks: WebhookStore,
    directory: DirectorySync,
) -> None:
    """Show the last deliveries of a webhook in the place of the form.

    Slack stacks three modals at most (https://docs.slack.dev/surfaces/modals), and the third one
    is kept free for an error.
    """
    team_id = (await identity.require_admin(body, directory=directory)).team_id
    view = await _render_deliveries(team_id, action_value(body), webhooks=webhooks)
    background.start(redraw_view(slack, body, view))
    await ack()


async def show_webhooks(
    ack: AsyncAck,
    body: Payload,
    *,
    background: BackgroundTasks,
    slack: SlackClient,
    webhooks: WebhookStore,
    directory: DirectorySync,
) -> None:
    team_id = (await identity.require_admin(body, directory=directory)).team_id
    view = await _render_webhooks(team_id, webhooks=webhooks)
    background.start(redraw_view(slack, body, view))
    await ack()


async def replay_delivery(
    ack: AsyncAck,
    body: Payload,
    *,
    background: BackgroundTasks,
    slack: SlackClient,
    webhooks: WebhookStore,
    audit_log: AuditLog,
    directory: DirectorySync,
    webhook_admin: WebhookAdmin,
) -> None:
    """Send a delivery again, and show its new state."""
    admin = await identity.require_admin(body, directory=directory)
    webhook_id, delivery_id = body["view"]["private_metadata"], action_value(body)
    if not await webhook_admin.redeliver(webhook_id, delivery_id, actor=admin):
        raise UserFacingError(
            "Nothing was resent: this delivery is no longer in the log. Open the log again."
        )
    await audit_log.record(admin, "replayed delivery", delivery_id)
    view = await _render_deliveries(admin.team_id, webhook_id, webhooks=webhooks)
    background.start(redraw_view(slack, body, view))
    await ack()


async def _render_webhooks(team_id: str, *, webhooks: WebhookStore) -> View:
    registered_webhooks = await webhooks.list_webhooks(team_id)
    return webhooks_form.render(registered_webhooks, await webhooks.damaged_webhook_ids(team_id))


async def _render_deliveries(team_id: str, webhook_id: str, *, webhooks: WebhookStore) -> View:
    deliveries = await webhooks.recent_deliveries(team_id, webhook_id)
    return webhooks_form.render_deliveries(webhook_id, deliveries)
