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

from jobs.posting import post
from jobs.retrying import Tools, nothing
from models.clock import now
from models.desk import Change, Desk
from models.errors import NotNow, OutsideError, Refused
from models.gate import Service
from models.step import Pending, Step
from models.ticket import Event, Ticket
from models.webhook import Delivery, Webhook

# The rest is left to another try: one post may take 10 s, and all of a try 18 s.
_SENDING_SECONDS = 7


class _NoMoreTimeError(Exception):
    """Not all events have fitted into this try, but some have."""


async def deliver_webhooks(tools: Tools, ticket: Ticket, _leased: Pending) -> Change:
    """Tell every webhook of the workspace what it has not heard yet; none waits for another."""
    desk = tools.desk
    hooks = await desk.webhooks.of(ticket.team_id)
    ends = await asyncio.gather(
        *(_deliver(desk, hook, ticket) for hook in hooks), return_exceptions=True
    )
    for error in sorted(filter(None, ends), key=_rank):
        if isinstance(error, _NoMoreTimeError):
            return _ask_again
        raise error
    return nothing


async def _deliver(desk: Desk, hook: Webhook, ticket: Ticket) -> None:
    """Tell one of them; what it refuses holds up nothing, but is refused in the end."""
    began, told = time.monotonic(), 0
    heard = await desk.webhooks.delivered(hook.id, ticket.id)
    refusal: Refused | None = None
    for number, event in enumerate(ticket.history, start=1):
        delivery = _delivery(hook, ticket, event, number=number)
        if delivery.id in heard or not hook.wants(event, at=delivery.tried_at):
            continue
        if told and time.monotonic() - began > _SENDING_SECONDS:
            raise _NoMoreTimeError
        try:
            await _tell(desk, hook, delivery, message(ticket, event, number=number))
            told += 1
        except Refused as refused:
            refusal = refused
    if refusal:
        raise refusal


def _delivery(hook: Webhook, ticket: Ticket, event: Event, *, number: int) -> Delivery:
    return Delivery(
        id=f"{hook.id}.{ticket.id}.{number}",
        team_id=hook.team_id,
        webhook_id=hook.id,
        ticket_id=ticket.id,
        type=_type(event),
        tried_at=now(),
    )


async def _tell(desk: Desk, hook: Webhook, delivery: Delivery, body: bytes) -> None:
    headers = signed(hook, body, at=now()) | {"Frontdesk-Delivery": delivery.id}
    async with desk.gate.out(Service.WEBHOOK, "post", apart=hook.id):
        try:
            status = await post(hook.url, body, headers, private=desk.settings.webhook_private)
        except OutsideError as error:
            await desk.webhooks.note(delivery.model_copy(update={"outcome": str(error)}))
            raise
    answered = {"outcome": f"it answered {status}", "delivered": True}
    await desk.webhooks.note(delivery.model_copy(update=answered))


def message(ticket: Ticket, event: Event, *, number: int) -> bytes:
    """What is said of an event, and the ticket as it is now; of a confidential one no text."""
    about: dict[str, Any] = {
        "id": ticket.id,
        "status": ticket.status.value,
        "version": ticket.version,
        "confidential": ticket.confidential,
    }
    said = {"id": f"{ticket.id}.{number}", "type": _type(event), "at": event.at.isoformat()}
    if not ticket.confidential:
        about |= ticket.model_dump(mode="json", include={"title", "requester", "assignee"})
        about["opened_at"] = ticket.opened_at.isoformat()
        if ticket.triage:
            known = {"category", "priority", "skills"}
            about |= ticket.triage.model_dump(mode="json", include=known)
        said["by"] = event.who
    return json.dumps(said | {"ticket": about}, separators=(",", ":")).encode()


def signed(hook: Webhook, body: bytes, *, at: datetime) -> dict[str, str]:
    """The headers by which the receiver knows that it is from us, and from now."""
    timestamp = str(int(at.timestamp()))
    secret = hook.secret.get_secret_value().encode()
    signature = hmac.new(secret, timestamp.encode() + b"." + body, sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "User-Agent": "Frontdesk",
        "Frontdesk-Timestamp": timestamp,
        "Frontdesk-Signature": f"v1={signature}",
    }


def _type(event: Event) -> str:
    return f"ticket.{event.what}"


def _rank(error: BaseException) -> int:
    """What is worth another try comes first, and among that what uses up an attempt."""
    match error:
        case NotNow(counts=False):
            return 1
        case _NoMoreTimeError():
            return 2
        case Refused():
            return 3
        case _:
            return 0


def _ask_again(ticket: Ticket, now: datetime) -> Ticket:
    return ticket.asking(Step.DELIVER_WEBHOOKS, due=now)
