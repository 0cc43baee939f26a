"""A webhook, a delivery to it, and the check of its URL."""

import re
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, SecretStr

from models.errors import InvalidInput
from models.tickets.ticket import Event

MAX_URL_LENGTH = 2000
# Older events are not delivered. The log of deliveries is kept twice as long, so an event is never
# delivered again only because its log entry has expired.
MAX_EVENT_AGE = timedelta(days=30)
# A host name, or an IP address.
_HOST_PATTERN = re.compile(r"[a-z0-9][a-z0-9.-]*|[0-9a-f:.]+")
_URL_ERROR = "Enter an address that starts with https:// and contains no user name."


class Webhook(BaseModel):
    """A registered address, and the event types it receives.

    Attributes:
        secret: the key that signs each delivery.
        events: event types such as "claimed"; empty for all.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    id: str
    team_id: str
    url: str
    secret: SecretStr
    events: tuple[str, ...] = ()
    created_at: datetime
    created_by: str

    def audit_fields(self) -> dict[str, Any]:
        """The fields that the audit log may store."""
        return self.model_dump(mode="json", include={"url", "events"})

    def should_receive(self, event: Event, *, now: datetime) -> bool:
        """Whether the event type is wanted, and the event is recent and newer than the webhook."""
        earliest = max(self.created_at, now - MAX_EVENT_AGE)
        return event.at >= earliest and (not self.events or event.what in self.events)


class Delivery(BaseModel):
    """The state of delivering one event to one webhook; it holds no text of the ticket.

    Attributes:
        id: the same for every attempt; the receiver gets it, too.
        type: the event type.
        outcome: the result of the last attempt, as admins read it.
        tried_at: the time of the last attempt.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    id: str
    team_id: str
    webhook_id: str
    ticket_id: str
    type: str
    attempts: int = 0
    outcome: str = ""
    tried_at: datetime
    delivered: bool = False


def validate_url(url: str) -> str:
    """The URL, if it is allowed for webhooks.

    Each delivery checks the IP address again, after the host name is resolved.

    Raises:
        InvalidInput: the URL is not allowed; the field is `url`.
    """
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except ValueError as error:
        raise InvalidInput({"url": _URL_ERROR}) from error
    safe = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))
    clean = url.isascii() and url.isprintable() and " " not in url and len(url) <= MAX_URL_LENGTH
    if (
        not (safe and clean and _HOST_PATTERN.fullmatch(host))
        or "@" in parts.netloc
        or parts.fragment
    ):
        raise InvalidInput({"url": _URL_ERROR})
    return url


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
