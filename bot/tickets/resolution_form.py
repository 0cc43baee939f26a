"""The form in which a moderator says how a ticket was solved: drawn, and read."""

from typing import Any
from unicodedata import category

from bot.ui.form_fields import plain_text
from models.errors import InvalidInput
from models.messages.buttons import ButtonValue
from models.messages.cards import Block
from models.tickets.incident import reporter_count
from models.tickets.ticket import Ticket
from models.triage.similarity import MAX_SOLUTION_LENGTH

CALLBACK, CALLBACK_FOR_ALL = "solution", "solution_for_all"
SOLUTION = "solution"
_INPUT_ACTION_ID = "value"


def render(ticket: Ticket, *, for_incident: bool = False) -> Block:
    """The form.

    Args:
        to_all: whether it is an answer to all tickets of the incident.
    """
    told = (
        f"All {reporter_count(ticket)} are told, too."
        if for_incident
        else "Who asked is told, too."
    )
    if not ticket.confidential:
        told += " Shown also where something alike is asked, so please name nobody in it."
    element = {
        "type": "plain_text_input",
        "action_id": _INPUT_ACTION_ID,
        "multiline": True,
        "max_length": MAX_SOLUTION_LENGTH,
        "placeholder": plain_text("Restarted the VPN client, and signed in anew"),
    }
    field = {
        "type": "input",
        "block_id": SOLUTION,
        "label": plain_text("How was it solved?"),
        "hint": plain_text(told),
        "element": element,
    }
    return {
        "type": "modal",
        "callback_id": CALLBACK_FOR_ALL if for_incident else CALLBACK,
        "private_metadata": f"{ticket.id}:{ticket.version}",
        "title": plain_text(
            f"Answer {reporter_count(ticket)} people" if for_incident else f"Resolve {ticket.id}"
        ),
        "submit": plain_text("Resolve all" if for_incident else "Resolve"),
        "close": plain_text("Cancel"),
        "blocks": [field],
    }


def read(view: dict[str, Any]) -> tuple[str, str]:
    """The ticket's id, and how it was solved.

    Raises:
        InvalidDraft: with a sentence for the field.
    """
    element = view["state"]["values"].get(SOLUTION, {}).get(_INPUT_ACTION_ID, {})
    typed: str = element.get("value") or ""
    solution = "".join(c for c in typed if c in "\n\t" or category(c) not in {"Cc", "Cs"}).strip()
    if not any(character.isalnum() for character in solution):
        raise InvalidInput({SOLUTION: "Please say it in a few words."})
    if len(solution) > MAX_SOLUTION_LENGTH:
        raise InvalidInput({SOLUTION: f"At most {MAX_SOLUTION_LENGTH} characters fit."})
    return ButtonValue.parse(view.get("private_metadata") or "").ticket_id, solution
