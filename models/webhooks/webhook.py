"""Webhooks: addresses of programs that want to hear what happens to tickets, and how that went."""

import re
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, SecretStr

from models.errors import InvalidInput
from models.tickets.ticket import Event

MAX_URL_LENGTH = 2000
# What is older is told to nobody; the log of deliveries is kept for longer, so that nothing is
# told anew only because it was forgotten.
MAX_EVENT_AGE = timedelta(days=30)
# A name, or the number of a machine.
_HOST_PATTERN = re.compile(r"[a-z0-9][a-z0-9.-]*|[0-9a-f:.]+")
_URL_ERROR = "Give an address that begins with https:// and has no user name in it."


class Webhook(BaseModel):
    """One address, and what it wants to hear.

    Attributes:
        secret: what is sent there is signed with it.
        events: what of a ticket's history, like "claimed"; empty: all of it.
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
        """What the log may say of it."""
        return self.model_dump(mode="json", include={"url", "events"})

    def should_receive(self, event: Event, *, now: datetime) -> bool:
        """Whether it is to be told of this, now."""
        since = max(self.created_at, now - MAX_EVENT_AGE)
        return event.at >= since and (not self.events or event.what in self.events)


class Delivery(BaseModel):
    """How it went to tell one webhook of one event; never what was said.

    Attributes:
        id: the same however often it is tried; the receiver is given it, too.
        outcome: how the last try ended, for admins.
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
    """The address, if webhooks may be sent there; InvalidDraft for the field `url` if not.

    Where it leads is looked at again each time, when the name is known to stand for an address.
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
