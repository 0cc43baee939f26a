"""The form in which a moderator says how a ticket was solved: drawn, and read."""

from typing import Any
from unicodedata import category

from bot.views.fields import plain
from models.cards import Block, Pressed
from models.errors import InvalidDraft
from models.incident import people_in
from models.similar import SOLUTION_LENGTH
from models.ticket import Ticket

CALLBACK, ALL = "solution", "solution_for_all"
SOLUTION = "solution"
_VALUE = "value"


def draw(ticket: Ticket, *, to_all: bool = False) -> Block:
    """The form.

    Args:
        to_all: whether it is an answer to all tickets of the incident.
    """
    told = f"All {people_in(ticket)} are told, too." if to_all else "Who asked is told, too."
    if not ticket.confidential:
        told += " Shown also where something alike is asked, so please name nobody in it."
    element = {
        "type": "plain_text_input",
        "action_id": _VALUE,
        "multiline": True,
        "max_length": SOLUTION_LENGTH,
        "placeholder": plain("Restarted the VPN client, and signed in anew"),
    }
    field = {
        "type": "input",
        "block_id": SOLUTION,
        "label": plain("How was it solved?"),
        "hint": plain(told),
        "element": element,
    }
    return {
        "type": "modal",
        "callback_id": ALL if to_all else CALLBACK,
        "private_metadata": f"{ticket.id}:{ticket.version}",
        "title": plain(f"Answer {people_in(ticket)} people" if to_all else f"Resolve {ticket.id}"),
        "submit": plain("Resolve all" if to_all else "Resolve"),
        "close": plain("Cancel"),
        "blocks": [field],
    }


def read(view: dict[str, Any]) -> tuple[str, str]:
    """The ticket's id, and how it was solved.

    Raises:
        InvalidDraft: with a sentence for the field.
    """
    element = view["state"]["values"].get(SOLUTION, {}).get(_VALUE, {})
    typed: str = element.get("value") or ""
    solution = "".join(c for c in typed if c in "\n\t" or category(c) not in {"Cc", "Cs"}).strip()
    if not any(character.isalnum() for character in solution):
        raise InvalidDraft({SOLUTION: "Please say it in a few words."})
    if len(solution) > SOLUTION_LENGTH:
        raise InvalidDraft({SOLUTION: f"At most {SOLUTION_LENGTH} characters fit."})
    return Pressed.read(view.get("private_metadata") or "").ticket_id, solution
