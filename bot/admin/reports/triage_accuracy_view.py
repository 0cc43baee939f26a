"""The page on which an admin sees how often triage was right, and where it was not."""

from collections.abc import Iterator

from bot.ui.form_fields import plain_text
from models.engine.accuracy import MAX_JUDGED_EXAMPLES, Accuracy, CategoryAccuracy, EngineAccuracy
from models.messages.cards import Block
from models.text import clip, escape, pluralize
from models.triage.result import Engine

OPEN = "show_accuracy"
TITLE = "Is triage right?"
# A section holds 3000 characters, a modal 100 blocks; more than these are read by nobody.
_MAX_LINES, _MAX_NAME_LENGTH, _MAX_SECTION_LENGTH = 25, 60, 2900
_LEGEND = (
    "\nRight: the category. Overridden: category, priority or skills were changed by a moderator."
)
_ENGINE_NAMES = {Engine.GEMINI.value: "Gemini", Engine.BUILTIN.value: "The built-in engine"}


def render(accuracy: Accuracy) -> Block:
    """The page."""
    return {
        "type": "modal",
        "title": plain_text(TITLE),
        "close": plain_text("Back"),
        "blocks": [_section(text) for text in _section_texts(accuracy)],
    }


def _section_texts(accuracy: Accuracy) -> Iterator[str]:
    if not accuracy.tickets:
        yield (
            "No ticket has been judged yet. A moderator judges triage by *Correct* on a card, "
            "or by resolving a ticket as it is."
        )
        return
    last = " last" if accuracy.tickets == MAX_JUDGED_EXAMPLES else ""
    yield (
        f"*{_percentage(accuracy.right, accuracy.tickets)}* of categories were right, of "
        f"{pluralize(accuracy.tickets, 'ticket')} that moderators have judged{last}."
    )
    yield _bullet_list("By engine", [_engine_line(one) for one in accuracy.engines]) + _LEGEND
    yield _bullet_list("By category", [_category_line(one) for one in accuracy.categories])
    if accuracy.confusions:
        lines = [
            f"{_escape_name(one.is_)} taken for {_escape_name(one.said)}: {pluralize(one.tickets, 'ticket')}"
            for one in accuracy.confusions
        ]
        yield _bullet_list("Taken for another", lines)


def _engine_line(engine: EngineAccuracy) -> str:
    asked = [
        _escape_name(engine.model),
        f"prompt {_escape_name(engine.prompt)}" if engine.prompt else "",
    ]
    name = ", ".join(
        filter(None, [_ENGINE_NAMES.get(engine.engine, _escape_name(engine.engine)), *asked])
    )
    right, changed = (
        _percentage(engine.right, engine.tickets),
        _percentage(engine.overridden, engine.tickets),
    )
    changed += " would have been overridden: on trial" if engine.shadow else " overridden"
    return f"{name}: {pluralize(engine.tickets, 'ticket')}, {right} right; {changed}"


def _category_line(category: CategoryAccuracy) -> str:
    found = f", {_percentage(category.right, category.tickets)} found" if category.tickets else ""
    meant = (
        f"; where triage said so, {_percentage(category.right, category.said)} right"
        if category.said
        else ""
    )
    return (
        f"{_escape_name(category.category)}: {pluralize(category.tickets, 'ticket')}{found}{meant}"
    )


def _bullet_list(title: str, lines: list[str]) -> str:
    shown, text = lines[:_MAX_LINES], f"*{title}*"
    for line in shown:
        if len(text) + len(line) < _MAX_SECTION_LENGTH:
            text += f"\n• {line}"
    more = len(lines) - len(shown)
    return f"{text}\n…and {more} more" if more > 0 else text


def _percentage(part: int, whole: int) -> str:
    return f"{part / whole:.0%}"


def _escape_name(name: str) -> str:
    return escape(clip(name, _MAX_NAME_LENGTH))


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}
