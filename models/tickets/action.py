"""The parts of a row in the actions table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from models.people.member import Role
from models.tickets.pending_step import Step
from models.tickets.ticket import CardKind, Status, Ticket


class Relation(StrEnum):
    """A person's part in a ticket."""

    REQUESTER = "requester"
    ASSIGNEE = "assignee"
    WATCHER = "watcher"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class CardButton:
    """A button of an action on cards, for all readers of these cards who may do the action.

    Attributes:
        button: its action id.
        label: the text of the button; "" when the card has a place and a text of its own for it.
        is_primary_for: the relation whose most likely choice this is.
        is_shown: a further condition, for the ticket and the Slack id of the card's reader.
        opens_form: whether a click opens a form, whose file has the button's listener.
    """

    button: StrEnum
    label: str
    cards: frozenset[CardKind]
    is_primary_for: Relation | None = None
    is_shown: Callable[[Ticket, str], bool] = lambda _ticket, _viewer: True
    opens_form: bool = False


@dataclass(frozen=True, slots=True)
class TextInput:
    """A text that somebody may add to an action; it is stored in the ticket's field of this name.

    Attributes:
        description: what it is for, in the documentation of the API.
    """

    name: str
    max_length: int
    description: str


@dataclass(frozen=True, slots=True)
class Route:
    """A route of the API, below /api/v1."""

    method: str
    path: str


Effect = Callable[[Ticket, str], dict[str, Any]]
"""The fields that a move changes, given the ticket before it and the Slack id of the actor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One row of the table.

    Attributes:
        description: what it does, for the permission page and the documentation of the API.
        event: the name of its event in history and webhooks; "" if it adds no event.
        own_audit_name: its name in the audit log, if that is not the name of its event.
        from_statuses: the statuses in which it is possible.
        to_status: the status after it; None: the status does not change.
        allowed: by role, the relations that may do it; empty: only Frontdesk itself does it.
        refusal: the sentence for people who may see the ticket, but not do this; "" for the usual.
        next_steps: the steps that follow.
        effect: the fields that it changes.
        buttons: its buttons on cards, in their order.
        inputs: texts that a person may add.
        routes: its routes in the API.
    """

    description: str
    event: str = ""
    own_audit_name: str = ""
    from_statuses: frozenset[Status] = frozenset(Status)
    to_status: Status | None = None
    allowed: Mapping[Role, frozenset[Relation]]
    refusal: str = ""
    next_steps: tuple[Step, ...] = ()
    effect: Effect = lambda _ticket, _actor_id: {}
    buttons: tuple[CardButton, ...] = ()
    inputs: tuple[TextInput, ...] = ()
    routes: tuple[Route, ...] = ()

    @property
    def audit_name(self) -> str:
        """Its name in the audit log."""
        return self.own_audit_name or self.event

    @property
    def is_for_people(self) -> bool:
        """Whether people do it, not only Frontdesk itself."""
        return bool(self.allowed)
