"""One row of the fields table; all rows are in `models.tickets.fields`."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Any, Generic, TypeVar

from models.tickets.ticket import Ticket

T_co = TypeVar("T_co", covariant=True)


class Surface(StrEnum):
    """A place where a ticket is shown."""

    REQUESTER_CARD = "requester's card"
    MODERATOR_CARD = "moderator's card"
    WATCHER_CARD = "watcher's card"
    NOTIFICATION = "notification"
    DETAILS = "details"
    FORM = "forms"
    EMAIL = "e-mail"
    LINK_PAGE = "link page"
    WEBHOOK = "webhook"
    API = "API"
    AUDIT_LOG = "audit log"


class Kind(StrEnum):
    """How a field is shown to people.

    OWN_PLACE: each surface has a place of its own for it, such as the title or the status line.
    FACT: a label and a short value.
    PERSON: a fact whose value is a Slack id, or several.
    TEXT: a section with a heading.
    """

    OWN_PLACE = auto()
    FACT = auto()
    PERSON = auto()
    TEXT = auto()


@dataclass(frozen=True, kw_only=True, eq=False)
class TicketField(Generic[T_co]):
    """One row of the table: something that is known of a ticket.

    Attributes:
        name: its name in JSON.
        label: its name for people.
        value: reads it from the ticket; empty values are not shown to people.
        surfaces: where it is shown.
        is_private: whether it is hidden when the ticket is confidential.
        json_type: the type of the value in the API.
        description: for the documentation of the API, where the name does not say it.
    """

    name: str
    label: str
    value: Callable[[Ticket], T_co]
    surfaces: frozenset[Surface]
    kind: Kind = Kind.FACT
    is_private: bool = True
    json_type: Any = str
    description: str = ""
