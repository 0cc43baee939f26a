"""The AI request log: the form that asks for a ticket, and the page with its requests."""

from collections.abc import Iterator, Sequence

from bot.payload import Payload
from bot.ui.form_fields import input_field, text_input
from bot.ui.submitted_form import SubmittedForm
from bot.ui.views import form_view, page_view
from models.engine.ai_request_log import AiRequest
from models.engine.dry_run import DRY_RUN_TICKET_ID
from models.messages.block_kit import Block, View, plain_section, section
from models.text import escape, slack_date
from models.tickets.ticket import Ticket

OPEN = "show_sent"
CALLBACK = "read_sent"
TITLE = "AI request log"
TICKET_NUMBER = "ticket_number"
MAX_ENTRIES = 3
_MAX_NUMBER_LENGTH = 20
# A section holds 3000 characters: https://docs.slack.dev/reference/block-kit/blocks/section-block
_MAX_PIECE_LENGTH = 2900
# A modal holds 100 blocks: https://docs.slack.dev/reference/views/modal-views
_MAX_PIECES = 14


def render_search_form() -> View:
    """The form that asks for a ticket number."""
    element = text_input(max_length=_MAX_NUMBER_LENGTH, placeholder="T-42")
    hint = (
        f"{DRY_RUN_TICKET_ID} holds the requests of Test triage. "
        "Your access is recorded in the audit log."
    )
    field = input_field(TICKET_NUMBER, "Ticket", element, hint=hint)
    return form_view(CALLBACK, TITLE, [field], submit="Show")


def read_ticket_id(view: Payload) -> str:
    """The submitted ticket id.

    Raises:
        InvalidInput: the text is not a ticket number.
    """
    form = SubmittedForm(view)
    number = form.text(TICKET_NUMBER).upper().removeprefix("T-")
    if not (number.isascii() and number.isdigit()):
        raise form.invalid_input({TICKET_NUMBER: "Enter a ticket number, for example T-42."})
    return f"T-{int(number)}"


def render(ticket: Ticket, entries: Sequence[AiRequest]) -> View:
    """The page with the exact texts of the newest requests, newest first."""
    return page_view(TITLE, _blocks(ticket, entries))


def _blocks(ticket: Ticket, entries: Sequence[AiRequest]) -> Iterator[Block]:
    if ticket.confidential:
        yield section(f"*{ticket.id}* is confidential: it was never sent to an AI.")
        return
    if not entries:
        yield section(f"*{ticket.id}*: nothing was sent in the last 90 days.")
        if reason := _reason_not_sent(ticket):
            yield section(reason)
    for entry in entries[:MAX_ENTRIES]:
        receiver = f"{escape(entry.model)}, prompt {escape(entry.prompt)}"
        yield section(f"*{ticket.id}*, {slack_date(entry.at)}, to {receiver}. *The text:*")
        yield from _text_blocks(entry.text)
        yield section("*The instruction:*")
        yield from _text_blocks(entry.instruction)
    if len(entries) > MAX_ENTRIES:
        yield section(
            f"Only the newest {MAX_ENTRIES} requests are shown. Older ones are kept for 90 days."
        )


def _reason_not_sent(ticket: Ticket) -> str:
    """The reason why Gemini did not triage the ticket (mrkdwn); empty when it is unknown."""
    if ticket.id == DRY_RUN_TICKET_ID:
        return ""
    if ticket.triage is None:
        return "The ticket is not triaged yet."
    reason = escape(ticket.triage.why_builtin)
    return f"The built-in engine triaged it, because {reason}." if reason else ""


def _text_blocks(text: str) -> Iterator[Block]:
    """The exact text as plain text, which Slack does not parse."""
    for start in range(0, min(len(text), _MAX_PIECES * _MAX_PIECE_LENGTH), _MAX_PIECE_LENGTH):
        piece = text[start : start + _MAX_PIECE_LENGTH]
        if piece.strip():
            yield plain_section(piece)
