"""Webhooks hear what has happened to a ticket: each event once noted as delivered, in its order.

What was delivered is written down event by event, so that a step which is tried again only tells
the rest. Between the answer of a receiver and that note a worker may die: then the receiver gets
the same delivery again, and knows it by its id.
"""

import asyncio
import hmac
import json
import time
from datetime import datetime
from hashlib import sha256
from typing import Any

from jobs.outbox.http_post import post
from jobs.runner.step_context import StepContext, no_change
from models.clock import utc_now
from models.errors import ExternalServiceError, PermanentFailure, RetryLater
from models.infra.outbound_calls import ExternalService
from models.ticket_service import TicketService
from models.tickets.pending_step import PendingStep, Step
from models.tickets.ticket import Event, Ticket, TicketUpdate
from models.webhooks.webhook import Delivery, Webhook

# The rest is left to another try: one post may take 10 s, and all of a try 18 s.
_MAX_SENDING_SECONDS = 7


class _TimeBudgetSpentError(Exception):
    """Not all events have fitted into this try, but some have."""


async def deliver_webhooks(
    context: StepContext, ticket: Ticket, _leased_step: PendingStep
) -> TicketUpdate:
    """Tell every webhook of the workspace what it has not heard yet; none waits for another."""
    service = context.service
    hooks = await service.webhooks.list_webhooks(ticket.team_id)
    ends = await asyncio.gather(
        *(_deliver_to_webhook(service, hook, ticket) for hook in hooks), return_exceptions=True
    )
    for error in sorted(filter(None, ends), key=_error_rank):
        if isinstance(error, _TimeBudgetSpentError):
            return _with_delivery_step
        raise error
    return no_change


async def _deliver_to_webhook(service: TicketService, webhook: Webhook, ticket: Ticket) -> None:
    """Tell one of them; what it refuses holds up nothing, but is refused in the end."""
    began, told = time.monotonic(), 0
    heard = await service.webhooks.delivered_ids(webhook.id, ticket.id)
    refusal: PermanentFailure | None = None
    for number, event in enumerate(ticket.history, start=1):
        delivery = _new_delivery(webhook, ticket, event, event_number=number)
        if delivery.id in heard or not webhook.should_receive(event, now=delivery.tried_at):
            continue
        if told and time.monotonic() - began > _MAX_SENDING_SECONDS:
            raise _TimeBudgetSpentError
        try:
            await _post_delivery(
                service, webhook, delivery, event_payload(ticket, event, event_number=number)
            )
            told += 1
        except PermanentFailure as refused:
            refusal = refused
    if refusal:
        raise refusal


def _new_delivery(webhook: Webhook, ticket: Ticket, event: Event, *, event_number: int) -> Delivery:
    return Delivery(
        id=f"{webhook.id}.{ticket.id}.{event_number}",
        team_id=webhook.team_id,
        webhook_id=webhook.id,
        ticket_id=ticket.id,
        type=_event_type(event),
        tried_at=utc_now(),
    )


async def _post_delivery(
    service: TicketService, webhook: Webhook, delivery: Delivery, body: bytes
) -> None:
    headers = signed_headers(webhook, body, signed_at=utc_now()) | {
        "Frontdesk-Delivery": delivery.id
    }
    async with service.outbound_calls.call(ExternalService.WEBHOOK, "post", breaker_key=webhook.id):
        try:
            status = await post(
                webhook.url, body, headers, allow_private=service.settings.webhook_private
            )
        except ExternalServiceError as error:
            await service.webhooks.record_attempt(
                delivery.model_copy(update={"outcome": str(error)})
            )
            raise
    answered = {"outcome": f"it answered {status}", "delivered": True}
    await service.webhooks.record_attempt(delivery.model_copy(update=answered))


def event_payload(ticket: Ticket, event: Event, *, event_number: int) -> bytes:
    """What is said of an event, and the ticket as it is now; of a confidential one no text."""
    about: dict[str, Any] = {
        "id": ticket.id,
        "status": ticket.status.value,
        "version": ticket.version,
        "confidential": ticket.confidential,
    }
    said = {
        "id": f"{ticket.id}.{event_number}",
        "type": _event_type(event),
        "at": event.at.isoformat(),
    }
    if not ticket.confidential:
        about |= ticket.model_dump(mode="json", include={"title", "requester", "assignee"})
        about["opened_at"] = ticket.opened_at.isoformat()
        if ticket.triage:
            known = {"category", "priority", "skills"}
            about |= ticket.triage.model_dump(mode="json", include=known)
        said["by"] = event.who
    return json.dumps(said | {"ticket": about}, separators=(",", ":")).encode()


def signed_headers(webhook: Webhook, body: bytes, *, signed_at: datetime) -> dict[str, str]:
    """The headers by which the receiver knows that it is from us, and from now."""
    timestamp = str(int(signed_at.timestamp()))
    secret = webhook.secret.get_secret_value().encode()
    signature = hmac.new(secret, timestamp.encode() + b"." + body, sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "User-Agent": "Frontdesk",
        "Frontdesk-Timestamp": timestamp,
        "Frontdesk-Signature": f"v1={signature}",
    }


def _event_type(event: Event) -> str:
    return f"ticket.{event.what}"


def _error_rank(error: BaseException) -> int:
    """What is worth another try comes first, and among that what uses up an attempt."""
    match error:
        case RetryLater(uses_attempt=False):
            return 1
        case _TimeBudgetSpentError():
            return 2
        case PermanentFailure():
            return 3
        case _:
            return 0


def _with_delivery_step(ticket: Ticket, now: datetime) -> Ticket:
    return ticket.with_step(Step.DELIVER_WEBHOOKS, due=now)
