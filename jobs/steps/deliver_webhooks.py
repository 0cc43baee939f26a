"""The step that delivers the events of a ticket to all webhooks, in their order.

Each delivery is stored at once, so a retry sends only the remaining events. If a worker dies
between the answer and the write, the receiver gets the delivery again with the same id.
"""

import asyncio
import hmac
import json
import time
from datetime import datetime
from hashlib import sha256
from typing import Any

from jobs.outbox.http_post import post
from models.clock import utc_now
from models.errors import ExternalServiceError, PermanentFailure, RetryLater
from models.infra.outbound_calls import ExternalService, OutboundCalls
from models.settings import Settings
from models.ticket_store.event_log import EventLog, NumberedEvent
from models.tickets.field import Surface
from models.tickets.pending_step import PendingStep, Step
from models.tickets.ticket import Event, Ticket, TicketUpdate
from models.tickets.visible_ticket import visible_ticket
from models.webhooks.store import WebhookStore
from models.webhooks.webhook import Delivery, Webhook

# After this time the remaining events wait for another attempt: a post may take 10 s, an attempt
# 18 s.
_MAX_SENDING_SECONDS = 7


class _TimeBudgetSpentError(Exception):
    """This attempt delivered some events, but had no time for all of them."""


async def deliver_webhooks(
    ticket: Ticket,
    _leased_step: PendingStep,
    *,
    settings: Settings,
    outbound_calls: OutboundCalls,
    event_log: EventLog,
    webhooks: WebhookStore,
) -> TicketUpdate:
    """Deliver the new events to every webhook of the workspace, all at the same time."""
    registered_webhooks = await webhooks.list_webhooks(ticket.team_id)
    new_events = await event_log.events(ticket, after=ticket.delivered_event_count)
    results = await asyncio.gather(
        *(
            _deliver_to_webhook(
                webhook,
                ticket,
                new_events,
                settings=settings,
                outbound_calls=outbound_calls,
                event_log=event_log,
                webhooks=webhooks,
            )
            for webhook in registered_webhooks
        ),
        return_exceptions=True,
    )
    for error in sorted(filter(None, results), key=_error_rank):
        if isinstance(error, _TimeBudgetSpentError):
            return _with_delivery_step
        raise error
    event_count = ticket.event_count
    return lambda current, _now: current.model_copy(update={"delivered_event_count": event_count})


async def _deliver_to_webhook(
    webhook: Webhook,
    ticket: Ticket,
    new_events: list[NumberedEvent],
    *,
    settings: Settings,
    outbound_calls: OutboundCalls,
    event_log: EventLog,
    webhooks: WebhookStore,
) -> None:
    """Deliver the events to one webhook. A refused event fails only at the end."""
    started, sent_count = time.monotonic(), 0
    refusal: PermanentFailure | None = None
    for number, event in await _undelivered_events(
        webhook, ticket, new_events, event_log=event_log, webhooks=webhooks
    ):
        delivery = _new_delivery(webhook, ticket, event, event_number=number)
        if not webhook.should_receive(event, now=delivery.tried_at):
            continue
        if sent_count and time.monotonic() - started > _MAX_SENDING_SECONDS:
            raise _TimeBudgetSpentError
        try:
            await _post_delivery(
                webhook,
                delivery,
                event_payload(ticket, event, event_number=number),
                settings=settings,
                outbound_calls=outbound_calls,
                webhooks=webhooks,
            )
            sent_count += 1
        except PermanentFailure as error:
            refusal = error
    if refusal:
        raise refusal


async def _undelivered_events(
    webhook: Webhook,
    ticket: Ticket,
    new_events: list[NumberedEvent],
    *,
    event_log: EventLog,
    webhooks: WebhookStore,
) -> list[NumberedEvent]:
    """The new events that the webhook has not got yet, and those that an admin wants again."""
    ids = {number: _delivery_id(webhook, ticket, number) for number, _ in new_events}
    delivered = await webhooks.delivered_ids(ids.values())
    undelivered = {one.number: one for one in new_events if ids[one.number] not in delivered}
    for number in await webhooks.requested_event_numbers(webhook.id, ticket.id):
        for one in await event_log.events(ticket, after=number - 1, limit=1):
            undelivered[one.number] = one
    return [undelivered[number] for number in sorted(undelivered)]


def _delivery_id(webhook: Webhook, ticket: Ticket, event_number: int) -> str:
    return f"{webhook.id}.{ticket.id}.{event_number}"


def _new_delivery(webhook: Webhook, ticket: Ticket, event: Event, *, event_number: int) -> Delivery:
    return Delivery(
        id=_delivery_id(webhook, ticket, event_number),
        team_id=webhook.team_id,
        webhook_id=webhook.id,
        ticket_id=ticket.id,
        type=_event_type(event),
        tried_at=utc_now(),
    )


async def _post_delivery(
    webhook: Webhook,
    delivery: Delivery,
    body: bytes,
    *,
    settings: Settings,
    outbound_calls: OutboundCalls,
    webhooks: WebhookStore,
) -> None:
    headers = signed_headers(webhook, body, signed_at=utc_now()) | {
        "Frontdesk-Delivery": delivery.id
    }
    async with outbound_calls.call(ExternalService.WEBHOOK, "post", breaker_key=webhook.id):
        try:
            status = await post(webhook.url, body, headers, allow_private=settings.webhook_private)
        except ExternalServiceError as error:
            await webhooks.record_attempt(delivery.model_copy(update={"outcome": str(error)}))
            raise
    success = {"outcome": f"the receiver answered {status}", "delivered": True}
    await webhooks.record_attempt(delivery.model_copy(update=success))


def event_payload(ticket: Ticket, event: Event, *, event_number: int) -> bytes:
    """The JSON body: the event, and the ticket as it is now. Confidential tickets have no text."""
    visible = visible_ticket(ticket, Surface.WEBHOOK)
    payload: dict[str, Any] = {
        "id": f"{ticket.id}.{event_number}",
        "type": _event_type(event),
        "at": event.at.isoformat(),
    }
    if not visible.hides_fields:
        payload["by"] = event.who
    payload["ticket"] = visible.json_values()
    return json.dumps(payload, separators=(",", ":")).encode()


def signed_headers(webhook: Webhook, body: bytes, *, signed_at: datetime) -> dict[str, str]:
    """Headers with the time and the HMAC signature, so the receiver can verify the sender."""
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
    """Errors to retry come first, and among them the ones that use an attempt."""
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


STEPS = {Step.DELIVER_WEBHOOKS: deliver_webhooks}
