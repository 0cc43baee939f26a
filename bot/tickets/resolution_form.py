"""The form in which a moderator says how a ticket was solved: rendered and read."""

from typing import Any

from bot.ui.form_fields import input_field, modal, plain_text, text_input, typed_text
from models.errors import InvalidInput
from models.messages.block_kit import Block
from models.messages.buttons import ButtonValue
from models.tickets.incident import reporter_count
from models.tickets.ticket import Ticket
from models.triage.similarity import MAX_SOLUTION_LENGTH

CALLBACK, CALLBACK_FOR_ALL = "solution", "solution_for_all"
SOLUTION = "solution"


def render(ticket: Ticket, *, for_incident: bool = False) -> Block:
    """The form.

    Args:
        for_incident: whether the answer is for all tickets of the incident.
    """
    element = text_input(
        max_length=MAX_SOLUTION_LENGTH,
        multiline=True,
        placeholder="Restarted the VPN client and signed in again",
    )
    hint = _hint(ticket, for_incident=for_incident)
    people = reporter_count(ticket)
    return modal(
        CALLBACK_FOR_ALL if for_incident else CALLBACK,
        f"Resolve for {people} people" if for_incident else f"Resolve {ticket.id}",
        "Resolve all" if for_incident else "Resolve",
        [input_field(SOLUTION, "How was it solved?", element, hint=hint)],
        private_metadata=f"{ticket.id}:{ticket.version}",
        close=plain_text("Cancel"),
    )


def read(view: dict[str, Any]) -> tuple[str, str]:
    """The ticket's id, and how it was solved.

    Raises:
        InvalidInput: with a sentence for the field.
    """
    solution = typed_text(view, SOLUTION)
    if not any(character.isalnum() for character in solution):
        raise InvalidInput({SOLUTION: "Say in a few words how it was solved."})
    if len(solution) > MAX_SOLUTION_LENGTH:
        raise InvalidInput(
            {
                SOLUTION: f"The text has {len(solution)} characters; "
                f"at most {MAX_SOLUTION_LENGTH} fit. Shorten it."
            }
        )
    return ButtonValue.parse(view.get("private_metadata") or "").ticket_id, solution


def _hint(ticket: Ticket, *, for_incident: bool) -> str:
    readers = "The requester sees this"
    if for_incident:
        readers = f"All {reporter_count(ticket)} requesters see this"
    if ticket.confidential:
        return f"{readers}."
    return f"{readers}, and it may be suggested for similar tickets: don't name people."
