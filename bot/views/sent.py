"""The pages on which an admin asks for a ticket, and reads what was sent to an AI of it."""

from collections.abc import Iterator, Sequence
from typing import Any

from bot.views.fields import plain
from models.cards import Block
from models.errors import InvalidDraft
from models.sent import Sending
from models.ticket import Ticket
from models.trial import TRIAL
from models.wording import escape, moment

OPEN = "show_sent"
CALLBACK = "read_sent"
TITLE = "Sent to Gemini"
NUMBER = "ticket_number"
MOST_SHOWN = 3
_VALUE = "value"
# Of a section's 3000 characters: https://docs.slack.dev/reference/block-kit/blocks/section-block
_PIECE = 2900
# A modal holds 100 blocks.
_MOST_PIECES = 14


def ask() -> Block:
    """The page that asks for the number."""
    field = {"type": "plain_text_input", "action_id": _VALUE, "max_length": 20}
    hint = "Like T-42; T-0 is what admins tried. That you look is written in the audit log."
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain(TITLE),
        "submit": plain("Show"),
        "close": plain("Back"),
        "blocks": [
            {
                "type": "input",
                "block_id": NUMBER,
                "label": plain("Ticket"),
                "element": field | {"placeholder": plain("T-42")},
                "hint": plain(hint),
            }
        ],
    }


def read(view: dict[str, Any]) -> str:
    """The id of the ticket asked for; raises InvalidDraft when it can't be one."""
    typed = view["state"]["values"].get(NUMBER, {}).get(_VALUE, {}).get("value") or ""
    number = typed.strip().upper().removeprefix("T-")
    if not (number.isascii() and number.isdigit()):
        raise InvalidDraft({NUMBER: "Please type a ticket's number, like T-42."})
    return f"T-{int(number)}"


def draw(ticket: Ticket, sent: Sequence[Sending]) -> Block:
    """The page: word for word what was sent, the newest first; of more than fit, that there are."""
    return {
        "type": "modal",
        "title": plain(TITLE),
        "close": plain("Back"),
        "blocks": list(_blocks(ticket, sent)),
    }


def _blocks(ticket: Ticket, sent: Sequence[Sending]) -> Iterator[Block]:
    if ticket.confidential:
        yield _section(f"*{ticket.id}* is confidential: it was never sent, and never is.")
        return
    if not sent:
        yield _section(f"*{ticket.id}*: nothing was sent, or it was more than 90 days ago.")
        if why := _why_not(ticket):
            yield _section(why)
    for one in sent[:MOST_SHOWN]:
        about = f"{escape(one.model)}, prompt {escape(one.prompt)}"
        yield _section(f"*{ticket.id}*, {moment(one.at)}, to {about}. *The text:*")
        yield from _pieces(one.text)
        yield _section("*The instruction:*")
        yield from _pieces(one.instruction)
    if len(sent) > MOST_SHOWN:
        yield _section(f"Those are the newest {MOST_SHOWN}; what was sent before is kept, too.")


def _why_not(ticket: Ticket) -> str:
    """Why Gemini has not triaged it (mrkdwn), as far as the ticket says."""
    if ticket.id == TRIAL:
        return ""
    if ticket.triage is None:
        return "It has not been triaged yet."
    why = escape(ticket.triage.why_builtin)
    return f"The built-in engine triaged it, since {why}." if why else ""


def _pieces(text: str) -> Iterator[Block]:
    """The text as it is, which Slack does not parse."""
    for at in range(0, min(len(text), _MOST_PIECES * _PIECE), _PIECE):
        piece = text[at : at + _PIECE]
        if piece.strip():
            yield {"type": "section", "text": plain(piece)}


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}
