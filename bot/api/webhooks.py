"""Webhooks over the API: who is told what happens to tickets, what they were told, and again."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from bot.api.caller import Admin, TheDesk
from bot.api.problems import Told, answers
from bot.api.shapes import DeliveryOut, NewWebhookOut, WebhookIn, WebhookOut
from models.accounts import Caller
from models.desk import Desk
from models.webhook import Webhook
from models.webhooks import MOST

router = APIRouter(prefix="/webhooks", tags=["webhooks"])
WebhookId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
DeliveryId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,100}$")]
_MISSING = answers(HTTPStatus.NOT_FOUND)


@router.get("", responses=answers())
async def list_webhooks(desk: TheDesk, caller: Admin) -> list[WebhookOut]:
    """The webhooks of the workspace, the oldest first; their secrets are not shown again."""
    return [WebhookOut.of(one) for one in await desk.webhooks.of(caller.member.team_id)]


@router.post("", status_code=HTTPStatus.CREATED, responses=answers(HTTPStatus.CONFLICT))
async def add_webhook(desk: TheDesk, caller: Admin, wanted: WebhookIn) -> NewWebhookOut:
    """Have an address told of what happens from now on; the secret is shown this once."""
    if len(await desk.webhooks.of(caller.member.team_id)) >= MOST:
        raise Told(HTTPStatus.CONFLICT, f"There are {MOST} webhooks. Delete one of them first.")
    webhook = await desk.webhooks.add(caller.member, url=wanted.url, events=wanted.events)
    await _note(desk, caller, "added webhook", webhook.id, after=webhook.said())
    return NewWebhookOut(
        **WebhookOut.of(webhook).model_dump(), secret=webhook.secret.get_secret_value()
    )


@router.delete("/{webhook_id}", status_code=HTTPStatus.NO_CONTENT, responses=_MISSING)
async def remove_webhook(desk: TheDesk, caller: Admin, webhook_id: WebhookId) -> None:
    """Tell it nothing any more."""
    webhook = await _webhook(desk, caller, webhook_id)
    if not await desk.webhooks.remove(caller.member.team_id, webhook_id):
        raise _missing()
    await _note(desk, caller, "removed webhook", webhook_id, before=webhook.said())


@router.get("/{webhook_id}/deliveries", responses=_MISSING)
async def list_deliveries(desk: TheDesk, caller: Admin, webhook_id: WebhookId) -> list[DeliveryOut]:
    """What it was told last, or should have been, the newest first."""
    await _webhook(desk, caller, webhook_id)
    found = await desk.webhooks.deliveries(caller.member.team_id, webhook_id)
    return [DeliveryOut.of(one) for one in found]


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}/replay",
    status_code=HTTPStatus.ACCEPTED,
    responses=_MISSING,
)
async def replay_delivery(
    desk: TheDesk, caller: Admin, webhook_id: WebhookId, delivery_id: DeliveryId
) -> None:
    """Tell it once more."""
    await _webhook(desk, caller, webhook_id)
    if not await desk.redeliver(webhook_id, delivery_id, by=caller.member):
        raise _missing()
    await _note(desk, caller, "replayed delivery", delivery_id)


async def _webhook(desk: Desk, caller: Caller, webhook_id: str) -> Webhook:
    for webhook in await desk.webhooks.of(caller.member.team_id):
        if webhook.id == webhook_id:
            return webhook
    raise _missing()


def _missing() -> Told:
    return Told(HTTPStatus.NOT_FOUND, "There is no such webhook, or no such delivery.")


async def _note(desk: Desk, caller: Caller, what: str, to: str, **known: Any) -> None:
    await desk.accounts.note(caller.member, what, to, via=f"token {caller.token_id}", **known)
