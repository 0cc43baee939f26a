"""Webhooks and their deliveries, over the API."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from bot.api.auth import Admin, CurrentService
from bot.api.problems import ApiProblem, documented_errors
from bot.api.schemas import DeliveryOut, NewWebhookOut, WebhookIn, WebhookOut
from models.access.token_store import Caller
from models.ticket_service import TicketService
from models.webhooks.store import MAX_WEBHOOKS
from models.webhooks.webhook import Webhook

router = APIRouter(prefix="/webhooks", tags=["webhooks"])
WebhookId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
DeliveryId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,100}$")]
_NOT_FOUND_RESPONSES = documented_errors(HTTPStatus.NOT_FOUND)


@router.get("", responses=documented_errors())
async def list_webhooks(service: CurrentService, caller: Admin) -> list[WebhookOut]:
    """List the webhooks of the workspace, oldest first, without their secrets."""
    return [
        WebhookOut.from_webhook(webhook)
        for webhook in await service.webhooks.list_webhooks(caller.member.team_id)
    ]


@router.post("", status_code=HTTPStatus.CREATED, responses=documented_errors(HTTPStatus.CONFLICT))
async def add_webhook(service: CurrentService, caller: Admin, wanted: WebhookIn) -> NewWebhookOut:
    """Add a webhook, which receives events from now on; its secret is shown only once."""
    if len(await service.webhooks.list_webhooks(caller.member.team_id)) >= MAX_WEBHOOKS:
        raise ApiProblem(
            HTTPStatus.CONFLICT,
            f"Nothing was added: there are {MAX_WEBHOOKS} webhooks already. Remove one first.",
        )
    webhook = await service.webhooks.add(caller.member, url=wanted.url, events=wanted.events)
    await _audit(service, caller, "added webhook", webhook.id, after=webhook.audit_fields())
    return NewWebhookOut(
        **WebhookOut.from_webhook(webhook).model_dump(), secret=webhook.secret.get_secret_value()
    )


@router.delete("/{webhook_id}", status_code=HTTPStatus.NO_CONTENT, responses=_NOT_FOUND_RESPONSES)
async def remove_webhook(service: CurrentService, caller: Admin, webhook_id: WebhookId) -> None:
    """Delete a webhook and its delivery log, also one whose document is damaged."""
    webhooks = await service.webhooks.list_webhooks(caller.member.team_id)
    before = next((one.audit_fields() for one in webhooks if one.id == webhook_id), {})
    if not await service.webhooks.remove(caller.member.team_id, webhook_id):
        raise _not_found()
    await _audit(service, caller, "removed webhook", webhook_id, before=before)


@router.get("/{webhook_id}/deliveries", responses=_NOT_FOUND_RESPONSES)
async def list_deliveries(
    service: CurrentService, caller: Admin, webhook_id: WebhookId
) -> list[DeliveryOut]:
    """List the newest deliveries to a webhook, newest first."""
    await _get_webhook(service, caller, webhook_id)
    deliveries = await service.webhooks.recent_deliveries(caller.member.team_id, webhook_id)
    return [DeliveryOut.from_delivery(delivery) for delivery in deliveries]


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}/replay",
    status_code=HTTPStatus.ACCEPTED,
    responses=_NOT_FOUND_RESPONSES,
)
async def replay_delivery(
    service: CurrentService, caller: Admin, webhook_id: WebhookId, delivery_id: DeliveryId
) -> None:
    """Send a delivery again."""
    await _get_webhook(service, caller, webhook_id)
    if not await service.redeliver_webhook(webhook_id, delivery_id, actor=caller.member):
        raise _not_found()
    await _audit(service, caller, "replayed delivery", delivery_id)


async def _get_webhook(service: TicketService, caller: Caller, webhook_id: str) -> Webhook:
    for webhook in await service.webhooks.list_webhooks(caller.member.team_id):
        if webhook.id == webhook_id:
            return webhook
    raise _not_found()


def _not_found() -> ApiProblem:
    return ApiProblem(
        HTTPStatus.NOT_FOUND, "There is no such webhook, or no such delivery. Check the ids."
    )


async def _audit(
    service: TicketService, caller: Caller, verb: str, target: str, **changes: Any
) -> None:
    await service.audit_log.record(
        caller.member, verb, target, via=f"token {caller.token_id}", **changes
    )
