"""Admins add and remove webhooks, read their delivery log, and resend deliveries."""

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import identity
from bot.admin.integrations import webhooks_form
from bot.background import BackgroundTasks
from bot.payload import Payload, action_value
from bot.ui.open_view import push_view, redraw_view
from models.errors import UserFacingError
from models.messages.block_kit import View
from models.ticket_service import TicketService


def register(app: AsyncApp) -> None:
    """Listen for the button, the form, and the buttons in it."""
    app.action(webhooks_form.OPEN)(open_webhooks)
    app.view(webhooks_form.CALLBACK)(add_webhook)
    app.action(webhooks_form.REMOVE)(remove_webhook)
    app.action(webhooks_form.SHOW_DELIVERIES)(show_deliveries)
    app.action(webhooks_form.REPLAY)(replay_delivery)
    app.action(webhooks_form.SHOW_WEBHOOKS)(show_webhooks)


async def open_webhooks(ack: AsyncAck, body: Payload, service: TicketService) -> None:
    """Push the list of webhooks, with the form for a new one."""
    team_id = (await identity.require_admin(service, body)).team_id
    view = await _render_webhooks(service, team_id)
    await push_view(service.slack, body, view)
    await ack()


async def add_webhook(ack: AsyncAck, body: Payload, service: TicketService) -> None:
    """Add the webhook and show its secret once; a form that is sent twice adds one webhook."""
    admin = await identity.require_admin(service, body)
    webhook_input = webhooks_form.read(body["view"])
    webhook = await service.webhooks.add(
        admin,
        url=webhook_input.url,
        events=webhook_input.events,
        idempotency_key=f"view:{body['view']['id']}",
    )
    await service.audit_log.record(
        admin,
        "added webhook",
        webhook.id,
        after=webhook.audit_fields(),
        idempotency_key=f"added:{webhook.id}",
    )
    await ack(response_action="update", view=webhooks_form.render_secret(webhook))


async def remove_webhook(
    ack: AsyncAck, body: Payload, service: TicketService, background: BackgroundTasks
) -> None:
    """Remove the webhook, and show the remaining ones."""
    admin = await identity.require_admin(service, body)
    webhook_id = action_value(body)
    webhooks = await service.webhooks.list_webhooks(admin.team_id)
    before = next((webhook for webhook in webhooks if webhook.id == webhook_id), None)
    if await service.webhooks.remove(admin.team_id, webhook_id):
        await service.audit_log.record(
            admin, "removed webhook", webhook_id, before=before.audit_fields() if before else {}
        )
    view = await _render_webhooks(service, admin.team_id)
    background.start(redraw_view(service.slack, body, view))
    await ack()


async def show_deliveries(
    ack: AsyncAck, body: Payload, service: TicketService, background: BackgroundTasks
) -> None:
    """Show the last deliveries of a webhook in the place of the form.

    Slack stacks three modals at most (https://docs.slack.dev/surfaces/modals), and the third one
    is kept free for an error.
    """
    team_id = (await identity.require_admin(service, body)).team_id
    view = await _render_deliveries(service, team_id, action_value(body))
    background.start(redraw_view(service.slack, body, view))
    await ack()


async def show_webhooks(
    ack: AsyncAck, body: Payload, service: TicketService, background: BackgroundTasks
) -> None:
    team_id = (await identity.require_admin(service, body)).team_id
    view = await _render_webhooks(service, team_id)
    background.start(redraw_view(service.slack, body, view))
    await ack()


async def replay_delivery(
    ack: AsyncAck, body: Payload, service: TicketService, background: BackgroundTasks
) -> None:
    """Send a delivery again, and show its new state."""
    admin = await identity.require_admin(service, body)
    webhook_id, delivery_id = body["view"]["private_metadata"], action_value(body)
    if not await service.redeliver_webhook(webhook_id, delivery_id, actor=admin):
        raise UserFacingError(
            "Nothing was resent: this delivery is no longer in the log. Open the log again."
        )
    await service.audit_log.record(admin, "replayed delivery", delivery_id)
    view = await _render_deliveries(service, admin.team_id, webhook_id)
    background.start(redraw_view(service.slack, body, view))
    await ack()


async def _render_webhooks(service: TicketService, team_id: str) -> View:
    webhooks = await service.webhooks.list_webhooks(team_id)
    return webhooks_form.render(webhooks, await service.webhooks.damaged_webhook_ids(team_id))


async def _render_deliveries(service: TicketService, team_id: str, webhook_id: str) -> View:
    deliveries = await service.webhooks.recent_deliveries(team_id, webhook_id)
    return webhooks_form.render_deliveries(webhook_id, deliveries)
