"""An admin adds and removes webhooks, and looks at what they were told: `/ticket admin`."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import identity
from bot.admin.integrations import webhooks_form
from bot.background import BackgroundTasks
from models.errors import ExternalServiceError, UserFacingError
from models.messages.cards import Block
from models.ticket_service import TicketService


def register(app: AsyncApp) -> None:
    """Listen for the button, the form, and the buttons in it."""
    app.action(webhooks_form.OPEN)(open_webhooks)
    app.view(webhooks_form.CALLBACK)(add_webhook)
    app.action(webhooks_form.REMOVE)(remove_webhook)
    app.action(webhooks_form.SHOW_DELIVERIES)(show_deliveries)
    app.action(webhooks_form.REPLAY)(replay_delivery)
    app.action(webhooks_form.SHOW_WEBHOOKS)(show_webhooks)


async def open_webhooks(ack: AsyncAck, body: dict[str, Any], service: TicketService) -> None:
    """Show the form on top of the one about people."""
    team_id = (await identity.require_admin(service, body)).team_id
    view = webhooks_form.render(await service.webhooks.list_webhooks(team_id))
    try:
        await service.slack.push_view(body["trigger_id"], view)
    except ExternalServiceError as error:
        raise UserFacingError("Slack did not show the form. Please try again.") from error
    await ack()


async def add_webhook(ack: AsyncAck, body: dict[str, Any], service: TicketService) -> None:
    """Add it and show its secret, this once; the same form again, the same webhook."""
    admin = await identity.require_admin(service, body)
    wanted = webhooks_form.read(body["view"])
    key = f"view:{body['view']['id']}"
    webhook = await service.webhooks.add(
        admin, url=wanted.url, events=wanted.events, idempotency_key=key
    )
    said, note_key = webhook.audit_fields(), f"added:{webhook.id}"
    await service.audit_log.record(
        admin, "added webhook", webhook.id, after=said, idempotency_key=note_key
    )
    await ack(response_action="update", view=webhooks_form.render_secret(webhook))


async def remove_webhook(
    ack: AsyncAck, body: dict[str, Any], service: TicketService, background: BackgroundTasks
) -> None:
    """Remove it, and show those that are left."""
    admin = await identity.require_admin(service, body)
    webhook_id = str(body["actions"][0]["value"])
    there_are = {one.id: one for one in await service.webhooks.list_webhooks(admin.team_id)}
    if await service.webhooks.remove(admin.team_id, webhook_id):
        gone = there_are[webhook_id].audit_fields() if webhook_id in there_are else {}
        await service.audit_log.record(admin, "removed webhook", webhook_id, before=gone)
    left = webhooks_form.render(await service.webhooks.list_webhooks(admin.team_id))
    background.start(service.slack.update_view(body["view"]["id"], left))
    await ack()


async def show_deliveries(
    ack: AsyncAck, body: dict[str, Any], service: TicketService, background: BackgroundTasks
) -> None:
    """Show what it was told last, or should have been, in the place of the form.

    Slack shows no more than three modals on each other, of which one is for what goes wrong.
    """
    team_id = (await identity.require_admin(service, body)).team_id
    view = await _deliveries_view(service, team_id, str(body["actions"][0]["value"]))
    background.start(service.slack.update_view(body["view"]["id"], view))
    await ack()


async def show_webhooks(
    ack: AsyncAck, body: dict[str, Any], service: TicketService, background: BackgroundTasks
) -> None:
    """Show the form again."""
    team_id = (await identity.require_admin(service, body)).team_id
    view = webhooks_form.render(await service.webhooks.list_webhooks(team_id))
    background.start(service.slack.update_view(body["view"]["id"], view))
    await ack()


async def replay_delivery(
    ack: AsyncAck, body: dict[str, Any], service: TicketService, background: BackgroundTasks
) -> None:
    """Tell it once more, and show how it stands."""
    admin = await identity.require_admin(service, body)
    webhook_id, delivery_id = body["view"]["private_metadata"], str(body["actions"][0]["value"])
    if not await service.redeliver_webhook(webhook_id, delivery_id, actor=admin):
        raise UserFacingError("That is not in the log any more. Please look again.")
    await service.audit_log.record(admin, "replayed delivery", delivery_id)
    view = await _deliveries_view(service, admin.team_id, webhook_id)
    background.start(service.slack.update_view(body["view"]["id"], view))
    await ack()


async def _deliveries_view(service: TicketService, team_id: str, webhook_id: str) -> Block:
    told = await service.webhooks.recent_deliveries(team_id, webhook_id)
    return webhooks_form.render_deliveries(webhook_id, told)
