"""Webhooks and their deliveries, over the API."""

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from bot.api.auth import Admin
from bot.api.dependencies import AuditLogDep, WebhookAdminDep, WebhookStoreDep
from bot.api.problems import ApiProblem, documented_errors
from bot.api.schemas import DeliveryOut, NewWebhookOut, WebhookIn, WebhookOut
from models.access.audit_log import AuditLog
from models.access.token_store import Caller
from models.webhooks.store import MAX_WEBHOOKS, WebhookStore
from models.webhooks.webhook import Webhook

router = APIRouter(prefix="/webhooks", tags=["webhooks"])
WebhookId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
DeliveryId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:-]{1,100}$")]
_NOT_FOUND_RESPONSES = documented_errors(HTTPStatus.NOT_FOUND)


@router.get("", responses=documented_errors())
async def list_webhooks(caller: Admin, *, webhooks: WebhookStoreDep) -> list[WebhookOut]:
    """List the webhooks of the workspace, oldest first, without their secrets."""
    return [
        WebhookOut.from_webhook(webhook)
        for webhook in await webhooks.list_webhooks(caller.member.team_id)
    ]


@router.post("", status_code=HTTPStatus.CREATED, responses=documented_errors(HTTPStatus.CONFLICT))
async def add_webhook(
    caller: Admin, wanted: WebhookIn, *, webhooks: WebhookStoreDep, audit_log: AuditLogDep
) -> NewWebhookOut:
    """Add a webhook, which receives events from now on; its secret is shown only once."""
    if len(await webhooks.list_webhooks(caller.member.team_id)) >= MAX_WEBHOOKS:
        raise ApiProblem(
            HTTPStatus.CONFLICT,
            f"Nothing was added: there are {MAX_WEBHOOKS} webhooks already. Remove one first.",
        )
    webhook = await webhooks.add(caller.member, url=wanted.url, events=wanted.events)
    await _audit(
        caller, "added webhook", webhook.id, after=webhook.audit_fields(), audit_log=audit_log
    )
    return NewWebhookOut(
        **WebhookOut.from_webhook(webhook).model_dump(), secret=webhook.secret.get_secret_value()
    )


@router.delete("/{webhook_id}", status_code=HTTPStatus.NO_CONTENT, responses=_NOT_FOUND_RESPONSES)
async def remove_webhook(
    caller: Admin, webhook_id: WebhookId, *, webhooks: WebhookStoreDep, audit_log: AuditLogDep
) -> None:
    """Delete a webhook and its delivery log, also one whose document is damaged."""
    registered_webhooks = await webhooks.list_webhooks(caller.member.team_id)
    before = next((one.audit_fields() for one in registered_webhooks if one.id == webhook_id), {})
    if not await webhooks.remove(caller.member.team_id, webhook_id):
        raise _not_found()
    await _audit(caller, "removed webhook", webhook_id, before=before, audit_log=audit_log)


@router.get("/{webhook_id}/deliveries", responses=_NOT_FOUND_RESPONSES)
async def list_deliveries(
    caller: Admin, webhook_id: WebhookId, *, webhooks: WebhookStoreDep
) -> list[DeliveryOut]:
    """List the newest deliveries to a webhook, newest first."""
    await _get_webhook(caller, webhook_id, webhooks=webhooks)
    deliveries = await webhooks.recent_deliveries(caller.member.team_id, webhook_id)
    return [DeliveryOut.from_delivery(delivery) for delivery in deliveries]


@router.post(
    "/{webhook_id}/deliveries/{delivery_id}/replay",
    status_code=HTTPStatus.ACCEPTED,
    responses=_NOT_FOUND_RESPONSES,
)
async def replay_delivery(
    caller: Admin,
    webhook_id: WebhookId,
    delivery_id: DeliveryId,
    *,
    webhooks: WebhookStoreDep,
    audit_log: AuditLogDep,
    webhook_admin: WebhookAdminDep,
) -> None:
    """Send a delivery again."""
    await _get_webhook(caller, webhook_id, webhooks=webhooks)
    if not await webhook_admin.redeliver(webhook_id, delivery_id, actor=caller.member):
        raise _not_found()
    await _audit(caller, "replayed delivery", delivery_id, audit_log=audit_log)


async def _get_webhook(caller: Caller, webhook_id: str, *, webhooks: WebhookStore) -> Webhook:
    for webhook in await webhooks.list_webhooks(caller.member.team_id):
        if webhook.id == webhook_id:
            return webhook
    raise _not_found()


def _not_found() -> ApiProblem:
    return ApiProblem(
        HTTPStatus.NOT_FOUND, "There is no such webhook, or no such delivery. Check the ids."
    )


async def _audit(
    caller: Caller, verb: str, target: str, *, audit_log: AuditLog, **changes: Any
) -> None:
    await audit_log.record(caller.member, verb, target, via=f"token {caller.token_id}", **changes)
