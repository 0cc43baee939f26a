"""The form for a new ticket: drawn, read, and the receipt that takes its place."""

from typing import Any
from unicodedata import category

from bot.ui.form_fields import plain_text
from bot.ui.notice_view import notice_view
from models.errors import InvalidInput
from models.messages.block_kit import Block, quote, section
from models.messages.texts import next_action_line
from models.text import clip
from models.tickets.ticket import Draft, Ticket, Urgency
from models.triage.similarity import SolvedTicket

CALLBACK = "new_ticket"
SOLVE_ACTION_ID = "that_solved_it"
TITLE, DESCRIPTION, URGENCY, CONFIDENTIAL = "title", "description", "urgency", "confidential"
# Slack's own limits: https://docs.slack.dev/reference/block-kit/block-elements/plain-text-input-element
MAX_TITLE_LENGTH = 150
MAX_TEXT_LENGTH = 3000
# Every input's element has this action id; the block id names the field.
_INPUT_ACTION_ID = "value"

_URGENCY_LABELS = {
    Urgency.CAN_WAIT: "It can wait",
    Urgency.SLOWED: "It slows me down",
    Urgency.BLOCKED: "I can't work",
    Urgency.MANY_BLOCKED: "Many people can't work",
}


def render(text: str = "") -> Block:
    """The form; text typed after the command is filled in, as title or as description."""
    title, description = _split_text(text)
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain_text("New ticket"),
        "submit": plain_text("Submit"),
        "close": plain_text("Cancel"),
        "blocks": [
            _input_field(
                TITLE,
                "Title",
                _text_input(title, max_length=MAX_TITLE_LENGTH, placeholder="VPN is down"),
            ),
            _input_field(
                DESCRIPTION,
                "Description",
                _text_input(description, max_length=MAX_TEXT_LENGTH, multiline=True),
                optional=True,
                hint="What you see, since when, and what you have tried.",
            ),
            *_CHOICE_FIELDS,
        ],
    }


def can_hold(text: str) -> bool:
    """Whether the form takes all of this text."""
    return len(text) <= MAX_TEXT_LENGTH


def read(view: dict[str, Any], *, team_id: str, requester: str) -> Draft:
    """The ticket as the requester wrote it; its key is the view's id.

    Raises:
        InvalidDraft: with a sentence for each field at fault.
    """
    values = view["state"]["values"]
    title = _clean_text(values, TITLE)
    description = _clean_text(values, DESCRIPTION)
    if faults := _find_errors(title, description):
        raise InvalidInput(faults)
    return Draft(
        key=f"view:{view['id']}",
        team_id=team_id,
        requester=requester,
        title=title,
        description=description,
        urgency=_selected_urgency(values),
        confidential=bool(_element_state(values, CONFIDENTIAL).get("selected_options")),
    )


def render_receipt(
    ticket: Ticket, draft: Draft, similar_solution: SolvedTicket | None = None
) -> Block:
    """What takes the form's place: the number, what happens next, and what may help meanwhile.

    Args:
        helpful: a ticket like it that was solved; of it only the solution is told.
    """
    stored = f"*{ticket.id}* is stored. Thank you."
    if not ticket.matches(draft):
        stored = (
            f"*{ticket.id}* is stored as you sent it first, and somebody is at work on it. "
            "What you have changed since is not in it."
        )
    view = notice_view(
        stored,
        f"{next_action_line(ticket)}\nA card in your messages with Frontdesk always shows how it stands.",
        title=f"Ticket {ticket.id}",
    )
    view["blocks"] += _similar_solution_blocks(ticket, similar_solution) if similar_solution else []
    return view


def solved_confirmation(ticket: Ticket) -> tuple[str, ...]:
    """What is said to who has found the solution there (mrkdwn)."""
    return (
        f"Glad to hear it. *{ticket.id}* is closed, and nobody works on it any more.",
        "If it is not solved after all, reopen it from your messages with Frontdesk.",
    )


def _similar_solution_blocks(ticket: Ticket, similar_solution: SolvedTicket) -> list[Block]:
    button = {
        "type": "button",
        "action_id": SOLVE_ACTION_ID,
        "text": plain_text("That solved it"),
        "value": f"{ticket.id}:{ticket.version}",
    }
    return [
        {"type": "divider"},
        section("*This may help:* a ticket like it was solved this way."),
        quote(similar_solution.solution),
        {"type": "actions", "block_id": SOLVE_ACTION_ID, "elements": [button]},
    ]


def _split_text(text: str) -> tuple[str, str]:
    """A short line is the title; of more, the beginning is the title and all is the description."""
    text = text.strip()
    if len(text) <= MAX_TITLE_LENGTH and "\n" not in text:
        return text, ""
    return clip(" ".join(text.split()), MAX_TITLE_LENGTH), text[:MAX_TEXT_LENGTH]


def _find_errors(title: str, description: str) -> dict[str, str]:
    faults = {}
    if not any(character.isalnum() for character in title):
        faults[TITLE] = "Please say in a few words what it is about."
    elif len(title) > MAX_TITLE_LENGTH:
        faults[TITLE] = (
            f"The title has {len(title)} characters; at most {MAX_TITLE_LENGTH} fit. "
            "Please move the rest into the description."
        )
    if len(description) > MAX_TEXT_LENGTH:
        faults[DESCRIPTION] = (
            f"The description has {len(description)} characters; at most {MAX_TEXT_LENGTH} fit."
        )
    return faults


def _element_state(values: dict[str, Any], block_id: str) -> dict[str, Any]:
    element: dict[str, Any] = values.get(block_id, {}).get(_INPUT_ACTION_ID, {})
    return element


def _clean_text(values: dict[str, Any], block_id: str) -> str:
    """What was typed, without the control characters and halves of characters no store takes."""
    typed: str = _element_state(values, block_id).get("value") or ""
    return "".join(c for c in typed if c in "\n\t" or category(c) not in {"Cc", "Cs"}).strip()


def _selected_urgency(values: dict[str, Any]) -> Urgency | None:
    option = _element_state(values, URGENCY).get("selected_option")
    value = option.get("value") if option else None
    return Urgency(value) if value in set(Urgency) else None


def _input_field(block_id: str, label: str, element: Block, **more: Any) -> Block:
    hint = more.pop("hint", None)
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain_text(label),
        "element": {"action_id": _INPUT_ACTION_ID, **element},
        **({"hint": plain_text(hint)} if hint else {}),
        **more,
    }


def _text_input(
    value: str, *, max_length: int, multiline: bool = False, placeholder: str | None = None
) -> Block:
    return {
        "type": "plain_text_input",
        "multiline": multiline,
        "max_length": max_length,
        **({"placeholder": plain_text(placeholder)} if placeholder else {}),
        **({"initial_value": value} if value else {}),
    }


def _urgency_menu() -> Block:
    options = [
        {"text": plain_text(text), "value": value} for value, text in _URGENCY_LABELS.items()
    ]
    return {"type": "static_select", "options": options}


def _confidential_checkbox() -> Block:
    option = {"text": plain_text("Keep this confidential"), "value": CONFIDENTIAL}
    return {"type": "checkboxes", "options": [option]}


# Always the same, and a form is drawn while somebody waits for it.
_CHOICE_FIELDS = (
    _input_field(URGENCY, "How urgent is it for you?", _urgency_menu(), optional=True),
    _input_field(
        CONFIDENTIAL,
        "Who may see it",
        _confidential_checkbox(),
        optional=True,
        hint="It is then shown only to you and to who handles it, "
        "and neither sent to Google nor written into e-mails.",
    ),
)
