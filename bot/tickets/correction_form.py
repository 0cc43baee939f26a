"""The form in which a moderator puts right what triage said: drawn, and read."""

from collections.abc import Iterable
from typing import Any

from bot.ui.form_fields import plain_text
from models.messages.buttons import ButtonValue
from models.messages.cards import Block
from models.messages.texts import PRIORITY_MARKS, status_line, triage_line
from models.text import clip, escape, join_names
from models.tickets.correction import CATEGORY, PRIORITY, SKILLS, Correction
from models.tickets.ticket import Ticket
from models.triage.result import Priority, Triage
from models.triage.taxonomy import MAX_CATEGORIES, Taxonomy

CALLBACK = "correction"
# https://docs.slack.dev/reference/block-kit/block-elements/multi-select-menu-element
MAX_SKILLS = 100
_INPUT_ACTION_ID = "value"


def render(ticket: Ticket, taxonomy: Taxonomy, *, correction: Correction | None = None) -> Block:
    """The form, filled in as the ticket is; or as it was filled in before the ticket changed."""
    if ticket.triage is None:
        raise ValueError(f"{ticket.id} is not triaged yet")
    right = correction.apply_to(ticket.triage) if correction else ticket.triage
    told = f"Triage: {escape(triage_line(ticket))}."
    if correction:
        told = (
            f":warning: *{ticket.id} has changed while you had this open.* {status_line(ticket)}\n"
            f"It says now: {_triage_text(ticket.triage)}. Your choices are kept: please save them again."
        )
    blocks = [
        {"type": "section", "text": {"type": "mrkdwn", "text": told}},
        _category_field(right, taxonomy),
        _priority_field(right),
        *_skill_fields(right, taxonomy),
    ]
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "private_metadata": f"{ticket.id}:{ticket.version}",
        "title": plain_text(f"Correct {ticket.id}"),
        "submit": plain_text("Save"),
        "close": plain_text("Cancel"),
        "blocks": blocks,
    }


def read(view: dict[str, Any]) -> tuple[ButtonValue, Correction]:
    """Which ticket it is about, as it was then, and what the moderator says it is."""
    values = view["state"]["values"]
    skills = _element_state(values, SKILLS).get("selected_options")
    priority = _selected_value(values, PRIORITY)
    return ButtonValue.parse(view.get("private_metadata") or ""), Correction(
        category=_selected_value(values, CATEGORY),
        priority=Priority(priority) if priority in set(Priority) else None,
        skills=None if skills is None else tuple(option["value"] for option in skills),
    )


def _triage_text(triage: Triage) -> str:
    skills = clip(join_names(triage.skills), 500)
    return escape(f"{triage.category}, {triage.priority}, skills: {skills}")


def _category_field(triage: Triage, taxonomy: Taxonomy) -> Block:
    names = _merge_names((triage.category,), [c.name for c in taxonomy.categories], MAX_CATEGORIES)
    return _select_field(CATEGORY, "Category", {name: name for name in names}, triage.category)


def _priority_field(triage: Triage) -> Block:
    marks = {priority.value: mark for priority, mark in PRIORITY_MARKS.items()}
    return _select_field(PRIORITY, "Priority", marks, triage.priority.value, emoji=True)


def _skill_fields(triage: Triage, taxonomy: Taxonomy) -> list[Block]:
    names = _merge_names(triage.skills, taxonomy.vocabulary.names, MAX_SKILLS)
    if not names:
        return []
    chosen = [_option(name, name) for name in names if name in triage.skills]
    element = {
        "type": "multi_static_select",
        "action_id": _INPUT_ACTION_ID,
        "placeholder": plain_text("What it takes to solve it"),
        "options": [_option(name, name) for name in names],
        **({"initial_options": chosen} if chosen else {}),
    }
    return [_input_field(SKILLS, "Skills", element) | {"optional": True}]


def _merge_names(first: Iterable[str], second: Iterable[str], max_names: int) -> list[str]:
    """The ticket's own ones before the others, each once."""
    return list(dict.fromkeys((*first, *second)))[:max_names]


def _select_field(
    block_id: str, label: str, options: dict[str, str], selected_value: str, *, emoji: bool = False
) -> Block:
    drawn = {value: _option(value, text, emoji=emoji) for value, text in options.items()}
    element = {
        "type": "static_select",
        "action_id": _INPUT_ACTION_ID,
        "options": [*drawn.values()],
        "initial_option": drawn[selected_value],
    }
    return _input_field(block_id, label, element)


def _selected_value(values: dict[str, Any], block_id: str) -> str | None:
    option = _element_state(values, block_id).get("selected_option") or {}
    value: str | None = option.get("value")
    return value


def _element_state(values: dict[str, Any], block_id: str) -> dict[str, Any]:
    element: dict[str, Any] = values.get(block_id, {}).get(_INPUT_ACTION_ID, {})
    return element


def _option(value: str, text: str, *, emoji: bool = False) -> Block:
    return {"text": plain_text(text) | {"emoji": emoji}, "value": value}


def _input_field(block_id: str, label: str, element: Block) -> Block:
    return {"type": "input", "block_id": block_id, "label": plain_text(label), "element": element}
