"""The pages on which an admin asks for a ticket, and reads what was sent to an AI of it."""

from collections.abc import Iterator, Sequence
from typing import Any

from bot.ui.form_fields import plain_text
from models.engine.ai_request_log import AiRequest
from models.engine.dry_run import DRY_RUN_TICKET_ID
from models.errors import InvalidInput
from models.messages.cards import Block
from models.text import escape, slack_date
from models.tickets.ticket import Ticket

OPEN = "show_sent"
CALLBACK = "read_sent"
TITLE = "Sent to Gemini"
TICKET_NUMBER = "ticket_number"
MAX_ENTRIES = 3
_INPUT_ACTION_ID = "value"
# Of a section's 3000 characters: https://docs.slack.dev/reference/block-kit/blocks/section-block
_MAX_PIECE_LENGTH = 2900
# A modal holds 100 blocks.
_MAX_PIECES = 14


def render_search_form() -> Block:
    """The page that asks for the number."""
    field = {"type": "plain_text_input", "action_id": _INPUT_ACTION_ID, "max_length": 20}
    hint = "Like T-42; T-0 is what admins tried. That you look is written in the audit log."
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain_text(TITLE),
        "submit": plain_text("Show"),
        "close": plain_text("Back"),
        "blocks": [
            {
                "type": "input",
                "block_id": TICKET_NUMBER,
                "label": plain_text("Ticket"),
                "element": field | {"placeholder": plain_text("T-42")},
                "hint": plain_text(hint),
            }
        ],
    }


def read_ticket_id(view: dict[str, Any]) -> str:
    """The id of the ticket asked for; raises InvalidDraft when it can't be one."""
    typed = (
        view["state"]["values"].get(TICKET_NUMBER, {}).get(_INPUT_ACTION_ID, {}).get("value") or ""
    )
    number = typed.strip().upper().removeprefix("T-")
    if not (number.isascii() and number.isdigit()):
        raise InvalidInput({TICKET_NUMBER: "Please type a ticket's number, like T-42."})
    return f"T-{int(number)}"


def render(ticket: Ticket, entries: Sequence[AiRequest]) -> Block:
    """The page: word for word what was sent, the newest first; of more than fit, that there are."""
    return {
        "type": "modal",
        "title": plain_text(TITLE),
        "close": plain_text("Back"),
        "blocks": list(_blocks(ticket, entries)),
    }


def _blocks(ticket: Ticket, entries: Sequence[AiRequest]) -> Iterator[Block]:
    if ticket.confidential:
        yield _section(f"*{ticket.id}* is confidential: it was never sent, and never is.")
        return
    if not entries:
        yield _section(f"*{ticket.id}*: nothing was sent, or it was more than 90 days ago.")
        if why := _reason_not_sent(ticket):
            yield _section(why)
    for one in entries[:MAX_ENTRIES]:
        about = f"{escape(one.model)}, prompt {escape(one.prompt)}"
        yield _section(f"*{ticket.id}*, {slack_date(one.at)}, to {about}. *The text:*")
        yield from _text_blocks(one.text)
        yield _section("*The instruction:*")
        yield from _text_blocks(one.instruction)
    if len(entries) > MAX_ENTRIES:
        yield _section(f"Those are the newest {MAX_ENTRIES}; what was sent before is kept, too.")


def _reason_not_sent(ticket: Ticket) -> str:
    """Why Gemini has not triaged it (mrkdwn), as far as the ticket says."""
    if ticket.id == DRY_RUN_TICKET_ID:
        return ""
    if ticket.triage is None:
        return "It has not been triaged yet."
    why = escape(ticket.triage.why_builtin)
    return f"The built-in engine triaged it, since {why}." if why else ""


def _text_blocks(text: str) -> Iterator[Block]:
    """The text as it is, which Slack does not parse."""
    for at in range(0, min(len(text), _MAX_PIECES * _MAX_PIECE_LENGTH), _MAX_PIECE_LENGTH):
        piece = text[at : at + _MAX_PIECE_LENGTH]
        if piece.strip():
            yield {"type": "section", "text": plain_text(piece)}


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}
