"""The buttons on cards, from the actions table, and the value that each button carries."""

import re
from dataclasses import dataclass
from enum import StrEnum

from models.messages.block_kit import ButtonStyle, Element, button
from models.people.member import Role
from models.tickets.action import CardButton, Relation
from models.tickets.actions import ACTIONS
from models.tickets.permissions import is_permitted, relations
from models.tickets.ticket import CardKind, Ticket

_VERSION_PATTERN = re.compile(r"[0-9]{1,9}")
_OTHER_CARDS_ROLE, _MODERATOR_CARD_ROLE = Role.USER, Role.MODERATOR


@dataclass(frozen=True, slots=True)
class ButtonValue:
    """The ticket that a button or a form belongs to, and the version that the person saw."""

    ticket_id: str
    version: int

    @classmethod
    def from_ticket(cls, ticket: Ticket) -> "ButtonValue":
        """The ticket as it is now."""
        return cls(ticket_id=ticket.id, version=ticket.state_version)

    @classmethod
    def parse(cls, value: str) -> "ButtonValue":
        """Read a button's value; a value that Frontdesk did not write names no ticket."""
        ticket_id, _, version = value.rpartition(":")
        if not _VERSION_PATTERN.fullmatch(version):
            return cls(ticket_id="", version=0)
        return cls(ticket_id=ticket_id, version=int(version))

    def __str__(self) -> str:
        return f"{self.ticket_id}:{self.version}"


def card_buttons(ticket: Ticket, kind: CardKind, viewer: str) -> list[Element]:
    """The buttons for the actions that the reader of a card can do now, in the table's order.

    Only moderators get a moderator's card. The readers of other cards may be users.
    """
    role = _MODERATOR_CARD_ROLE if kind is CardKind.MODERATOR else _OTHER_CARDS_ROLE
    parts = relations(viewer, ticket)
    return [
        button_element(
            ticket, card_button.button, card_button.label, style=_style(card_button, parts)
        )
        for verb, action in ACTIONS.items()
        for card_button in action.buttons
        if card_button.label
        and kind in card_button.cards
        and ticket.status in action.from_statuses
        and any(is_permitted(verb, role, part) for part in parts)
        and card_button.is_shown(ticket, viewer)
    ]


def button_element(
    ticket: Ticket, action_id: StrEnum, label: str, *, style: ButtonStyle = ""
) -> Element:
    """A button of a card."""
    value = str(ButtonValue.from_ticket(ticket))
    return button(action_id.value, label, value=value, style=style)


def _style(card_button: CardButton, parts: frozenset[Relation]) -> ButtonStyle:
    return "primary" if card_button.is_primary_for in parts else ""
