"""The form for a new ticket: drawn, read, and the receipt that takes its place."""

from typing import Any
from unicodedata import category

from bot.views.fields import plain
from bot.views.sentence import sentence_view
from models.blocks import Block, quote, section
from models.errors import InvalidDraft
from models.similar import Solved
from models.ticket import Draft, Ticket, Urgency
from models.wording import clip, next_line

CALLBACK = "new_ticket"
SOLVED = "that_solved_it"
TITLE, DESCRIPTION, URGENCY, CONFIDENTIAL = "title", "description", "urgency", "confidential"
# Slack's own limits: https://docs.slack.dev/reference/block-kit/block-elements/plain-text-input-element
TITLE_LENGTH = 150
TEXT_LENGTH = 3000
# Every input's element has this action id; the block id names the field.
_VALUE = "value"

_URGENCIES = {
    Urgency.CAN_WAIT: "It can wait",
    Urgency.SLOWED: "It slows me down",
    Urgency.BLOCKED: "I can't work",
    Urgency.MANY_BLOCKED: "Many people can't work",
}


def draw(text: str = "") -> Block:
    """The form; text typed after the command is filled in, as title or as description."""
    title, description = _filled_in(text)
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain("New ticket"),
        "submit": plain("Submit"),
        "close": plain("Cancel"),
        "blocks": [
            _input(TITLE, "Title", _text(title, limit=TITLE_LENGTH, placeholder="VPN is down")),
            _input(
                DESCRIPTION,
                "Description",
                _text(description, limit=TEXT_LENGTH, multiline=True),
                optional=True,
                hint="What you see, since when, and what you have tried.",
            ),
            *_CHOICES,
        ],
    }


def fits(text: str) -> bool:
    """Whether the form takes all of this text."""
    return len(text) <= TEXT_LENGTH


def read(view: dict[str, Any], *, team_id: str, requester: str) -> Draft:
    """The ticket as the requester wrote it; its key is the view's id.

    Raises:
        InvalidDraft: with a sentence for each field at fault.
    """
    values = view["state"]["values"]
    title = _typed(values, TITLE)
    description = _typed(values, DESCRIPTION)
    if faults := _faults(title, description):
        raise InvalidDraft(faults)
    return Draft(
        key=f"view:{view['id']}",
        team_id=team_id,
        requester=requester,
        title=title,
        description=description,
        urgency=_chosen(values),
        confidential=bool(_element(values, CONFIDENTIAL).get("selected_options")),
    )


def receipt(ticket: Ticket, draft: Draft, helpful: Solved | None = None) -> Block:
    """What takes the form's place: the number, what happens next, and what may help meanwhile.

    Args:
        helpful: a ticket like it that was solved; of it only the solution is told.
    """
    stored = f"*{ticket.id}* is stored. Thank you."
    if not ticket.says(draft):
        stored = (
            f"*{ticket.id}* is stored as you sent it first, and somebody is at work on it. "
            "What you have changed since is not in it."
        )
    view = sentence_view(
        stored,
        f"{next_line(ticket)}\nA card in your messages with Frontdesk always shows how it stands.",
        title=f"Ticket {ticket.id}",
    )
    view["blocks"] += _may_help(ticket, helpful) if helpful else []
    return view


def solved(ticket: Ticket) -> tuple[str, ...]:
    """What is said to who has found the solution there (mrkdwn)."""
    return (
        f"Glad to hear it. *{ticket.id}* is closed, and nobody works on it any more.",
        "If it is not solved after all, reopen it from your messages with Frontdesk.",
    )


def _may_help(ticket: Ticket, helpful: Solved) -> list[Block]:
    button = {
        "type": "button",
        "action_id": SOLVED,
        "text": plain("That solved it"),
        "value": f"{ticket.id}:{ticket.version}",
    }
    return [
        {"type": "divider"},
        section("*This may help:* a ticket like it was solved this way."),
        quote(helpful.solution),
        {"type": "actions", "block_id": SOLVED, "elements": [button]},
    ]


def _filled_in(text: str) -> tuple[str, str]:
    """A short line is the title; of more, the beginning is the title and all is the description."""
    text = text.strip()
    if len(text) <= TITLE_LENGTH and "\n" not in text:
        return text, ""
    return clip(" ".join(text.split()), TITLE_LENGTH), text[:TEXT_LENGTH]


def _faults(title: str, description: str) -> dict[str, str]:
    faults = {}
    if not any(character.isalnum() for character in title):
        faults[TITLE] = "Please say in a few words what it is about."
    elif len(title) > TITLE_LENGTH:
        faults[TITLE] = (
            f"The title has {len(title)} characters; at most {TITLE_LENGTH} fit. "
            "Please move the rest into the description."
        )
    if len(description) > TEXT_LENGTH:
        faults[DESCRIPTION] = (
            f"The description has {len(description)} characters; at most {TEXT_LENGTH} fit."
        )
    return faults


def _element(values: dict[str, Any], field: str) -> dict[str, Any]:
    element: dict[str, Any] = values.get(field, {}).get(_VALUE, {})
    return element


def _typed(values: dict[str, Any], field: str) -> str:
    """What was typed, without the control characters and halves of characters no store takes."""
    typed: str = _element(values, field).get("value") or ""
    return "".join(c for c in typed if c in "\n\t" or category(c) not in {"Cc", "Cs"}).strip()


def _chosen(values: dict[str, Any]) -> Urgency | None:
    option = _element(values, URGENCY).get("selected_option")
    value = option.get("value") if option else None
    return Urgency(value) if value in set(Urgency) else None


def _input(field: str, label: str, element: Block, **more: Any) -> Block:
    hint = more.pop("hint", None)
    return {
        "type": "input",
        "block_id": field,
        "label": plain(label),
        "element": {"action_id": _VALUE, **element},
        **({"hint": plain(hint)} if hint else {}),
        **more,
    }


def _text(
    value: str, *, limit: int, multiline: bool = False, placeholder: str | None = None
) -> Block:
    return {
        "type": "plain_text_input",
        "multiline": multiline,
        "max_length": limit,
        **({"placeholder": plain(placeholder)} if placeholder else {}),
        **({"initial_value": value} if value else {}),
    }


def _urgency() -> Block:
    options = [{"text": plain(text), "value": value} for value, text in _URGENCIES.items()]
    return {"type": "static_select", "options": options}


def _confidential() -> Block:
    option = {"text": plain("Keep this confidential"), "value": CONFIDENTIAL}
    return {"type": "checkboxes", "options": [option]}


# Always the same, and a form is drawn while somebody waits for it.
_CHOICES = (
    _input(URGENCY, "How urgent is it for you?", _urgency(), optional=True),
    _input(
        CONFIDENTIAL,
        "Who may see it",
        _confidential(),
        optional=True,
        hint="It is then shown only to you and to who handles it, "
        "and neither sent to Google nor written into e-mails.",
    ),
)
