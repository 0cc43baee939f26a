"""The form in which a moderator puts right what triage said: drawn, and read."""

from collections.abc import Iterable
from typing import Any

from bot.views.fields import plain
from models.cards import Block, Pressed
from models.configuration import MOST_CATEGORIES, Configuration
from models.correction import CATEGORY, PRIORITY, SKILLS, Correction
from models.ticket import Ticket
from models.triage import Priority, Triage
from models.wording import PRIORITY_MARKS, clip, escape, listed, status_line, triaged_by

CALLBACK = "correction"
# https://docs.slack.dev/reference/block-kit/block-elements/multi-select-menu-element
MOST_SKILLS = 100
_VALUE = "value"


def draw(
    ticket: Ticket, configuration: Configuration, *, chosen: Correction | None = None
) -> Block:
    """The form, filled in as the ticket is; or as it was filled in before the ticket changed."""
    if ticket.triage is None:
        raise ValueError(f"{ticket.id} is not triaged yet")
    right = chosen.of(ticket.triage) if chosen else ticket.triage
    told = f"Triage: {escape(triaged_by(ticket))}."
    if chosen:
        told = (
            f":warning: *{ticket.id} has changed while you had this open.* {status_line(ticket)}\n"
            f"It says now: {_now(ticket.triage)}. Your choices are kept: please save them again."
        )
    blocks = [
        {"type": "section", "text": {"type": "mrkdwn", "text": told}},
        _category(right, configuration),
        _priority(right),
        *_skills(right, configuration),
    ]
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "private_metadata": f"{ticket.id}:{ticket.version}",
        "title": plain(f"Correct {ticket.id}"),
        "submit": plain("Save"),
        "close": plain("Cancel"),
        "blocks": blocks,
    }


def read(view: dict[str, Any]) -> tuple[Pressed, Correction]:
    """Which ticket it is about, as it was then, and what the moderator says it is."""
    values = view["state"]["values"]
    skills = _element(values, SKILLS).get("selected_options")
    priority = _picked(values, PRIORITY)
    return Pressed.read(view.get("private_metadata") or ""), Correction(
        category=_picked(values, CATEGORY),
        priority=Priority(priority) if priority in set(Priority) else None,
        skills=None if skills is None else tuple(option["value"] for option in skills),
    )


def _now(triage: Triage) -> str:
    skills = clip(listed(triage.skills), 500)
    return escape(f"{triage.category}, {triage.priority}, skills: {skills}")


def _category(right: Triage, configuration: Configuration) -> Block:
    names = _first((right.category,), [c.name for c in configuration.categories], MOST_CATEGORIES)
    return _select(CATEGORY, "Category", {name: name for name in names}, right.category)


def _priority(right: Triage) -> Block:
    marks = {priority.value: mark for priority, mark in PRIORITY_MARKS.items()}
    return _select(PRIORITY, "Priority", marks, right.priority.value, emoji=True)


def _skills(right: Triage, configuration: Configuration) -> list[Block]:
    names = _first(right.skills, configuration.vocabulary.names, MOST_SKILLS)
    if not names:
        return []
    chosen = [_option(name, name) for name in names if name in right.skills]
    element = {
        "type": "multi_static_select",
        "action_id": _VALUE,
        "placeholder": plain("What it takes to solve it"),
        "options": [_option(name, name) for name in names],
        **({"initial_options": chosen} if chosen else {}),
    }
    return [_input(SKILLS, "Skills", element) | {"optional": True}]


def _first(own: Iterable[str], others: Iterable[str], most: int) -> list[str]:
    """The ticket's own ones before the others, each once."""
    return list(dict.fromkeys((*own, *others)))[:most]


def _select(
    field: str, label: str, options: dict[str, str], chosen: str, *, emoji: bool = False
) -> Block:
    drawn = {value: _option(value, text, emoji=emoji) for value, text in options.items()}
    element = {
        "type": "static_select",
        "action_id": _VALUE,
        "options": [*drawn.values()],
        "initial_option": drawn[chosen],
    }
    return _input(field, label, element)


def _picked(values: dict[str, Any], field: str) -> str | None:
    option = _element(values, field).get("selected_option") or {}
    value: str | None = option.get("value")
    return value


def _element(values: dict[str, Any], field: str) -> dict[str, Any]:
    element: dict[str, Any] = values.get(field, {}).get(_VALUE, {})
    return element


def _option(value: str, text: str, *, emoji: bool = False) -> Block:
    return {"text": plain(text) | {"emoji": emoji}, "value": value}


def _input(block_id: str, label: str, element: Block) -> Block:
    return {"type": "input", "block_id": block_id, "label": plain(label), "element": element}
