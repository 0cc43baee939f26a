"""An admin adds and removes webhooks, and looks at what they were told: `/ticket admin`."""

from typing import Any

from slack_bolt.async_app import AsyncAck, AsyncApp

from bot import acting
from bot.background import Background
from bot.views import webhooks_form
from models.cards import Block
from models.desk import Desk
from models.errors import DeskError, OutsideError


def register(app: AsyncApp) -> None:
    """Listen for the button, the form, and the buttons in it."""
    app.action(webhooks_form.OPEN)(open_webhooks)
    app.view(webhooks_form.CALLBACK)(add_webhook)
    app.action(webhooks_form.REMOVE)(remove_webhook)
    app.action(webhooks_form.DELIVERIES)(show_deliveries)
    app.action(webhooks_form.REPLAY)(replay_delivery)
    app.action(webhooks_form.BACK)(show_webhooks)


async def open_webhooks(ack: AsyncAck, body: dict[str, Any], desk: Desk) -> None:
    """Show the form on top of the one about people."""
    team_id = (await acting.admin(desk, body)).team_id
    view = webhooks_form.draw(await desk.webhooks.of(team_id))
    try:
        await desk.slack.push_view(body["trigger_id"], view)
    except OutsideError as error:
        raise DeskError("Slack did not show the form. Please try again.") from error
    await ack()


async def add_webhook(ack: AsyncAck, body: dict[str, Any], desk: Desk) -> None:
    """Add it and show its secret, this once; the same form again, the same webhook."""
    admin = await acting.admin(desk, body)
    wanted = webhooks_form.read(body["view"])
    key = f"view:{body['view']['id']}"
    webhook = await desk.webhooks.add(admin, url=wanted.url, events=wanted.events, key=key)
    said, note_key = webhook.said(), f"added:{webhook.id}"
    await desk.accounts.note(admin, "added webhook", webhook.id, after=said, key=note_key)
    await ack(response_action="update", view=webhooks_form.added(webhook))


async def remove_webhook(
    ack: AsyncAck, body: dict[str, Any], desk: Desk, background: Background
) -> None:
    """Remove it, and show those that are left."""
    admin = await acting.admin(desk, body)
    webhook_id = str(body["actions"][0]["value"])
    there_are = {one.id: one for one in await desk.webhooks.of(admin.team_id)}
    if await desk.webhooks.remove(admin.team_id, webhook_id):
        gone = there_are[webhook_id].said() if webhook_id in there_are else {}
        await desk.accounts.note(admin, "removed webhook", webhook_id, before=gone)
    left = webhooks_form.draw(await desk.webhooks.of(admin.team_id))
    background.start(desk.slack.update_view(body["view"]["id"], left))
    await ack()


async def show_deliveries(
    ack: AsyncAck, body: dict[str, Any], desk: Desk, background: Background
) -> None:
    """Show what it was told last, or should have been, in the place of the form.

    Slack shows no more than three modals on each other, of which one is for what goes wrong.
    """
    team_id = (await acting.admin(desk, body)).team_id
    view = await _deliveries(desk, team_id, str(body["actions"][0]["value"]))
    background.start(desk.slack.update_view(body["view"]["id"], view))
    await ack()


async def show_webhooks(
    ack: AsyncAck, body: dict[str, Any], desk: Desk, background: Background
) -> None:
    """Show the form again."""
    team_id = (await acting.admin(desk, body)).team_id
    view = webhooks_form.draw(await desk.webhooks.of(team_id))
    background.start(desk.slack.update_view(body["view"]["id"], view))
    await ack()


async def replay_delivery(
    ack: AsyncAck, body: dict[str, Any], desk: Desk, background: Background
) -> None:
    """Tell it once more, and show how it stands."""
    admin = await acting.admin(desk, body)
    webhook_id, delivery_id = body["view"]["private_metadata"], str(body["actions"][0]["value"])
    if not await desk.redeliver(webhook_id, delivery_id, by=admin):
        raise DeskError("That is not in the log any more. Please look again.")
    await desk.accounts.note(admin, "replayed delivery", delivery_id)
    view = await _deliveries(desk, admin.team_id, webhook_id)
    background.start(desk.slack.update_view(body["view"]["id"], view))
    await ack()


async def _deliveries(desk: Desk, team_id: str, webhook_id: str) -> Block:
    told = await desk.webhooks.deliveries(team_id, webhook_id)
    return webhooks_form.deliveries(webhook_id, told)
