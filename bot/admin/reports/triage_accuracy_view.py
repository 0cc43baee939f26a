"""The triage accuracy page: correct categories by engine and by category, and the confusions."""

from collections.abc import Iterator

from bot.ui.views import page_view
from models.engine.accuracy import MAX_JUDGED_EXAMPLES, Accuracy, CategoryAccuracy, EngineAccuracy
from models.messages.block_kit import View, section
from models.text import clip, escape, pluralize
from models.triage.result import Engine

OPEN = "show_accuracy"
TITLE = "Triage accuracy"
# A section holds 3000 characters, and nobody reads more lines than these.
_MAX_LINES, _MAX_NAME_LENGTH, _MAX_SECTION_LENGTH = 25, 60, 2900
_LEGEND = (
    "\nCorrect: the category. Changed by a moderator: the category, the priority or the skills."
)
_ENGINE_NAMES = {Engine.GEMINI.value: "Gemini", Engine.BUILTIN.value: "The built-in engine"}


def render(accuracy: Accuracy) -> View:
    """The page."""
    return page_view(TITLE, [section(text) for text in _section_texts(accuracy)])


def _section_texts(accuracy: Accuracy) -> Iterator[str]:
    if not accuracy.tickets:
        yield (
            "No triage has been judged yet. Moderators judge it when they correct a ticket's "
            "triage, or resolve the ticket without a correction."
        )
        return
    newest = "newest " if accuracy.tickets == MAX_JUDGED_EXAMPLES else ""
    yield (
        f"*{_percentage(accuracy.right, accuracy.tickets)}* of categories were correct, of "
        f"the {newest}{pluralize(accuracy.tickets, 'ticket')} that moderators judged."
    )
    yield _bullet_list("By engine", [_engine_line(one) for one in accuracy.engines]) + _LEGEND
    yield _bullet_list("By category", [_category_line(one) for one in accuracy.categories])
    if accuracy.confusions:
        lines = [
            f"{_escape_name(confusion.is_)} was triaged as {_escape_name(confusion.said)}: "
            f"{pluralize(confusion.tickets, 'ticket')}"
            for confusion in accuracy.confusions
        ]
        yield _bullet_list("Confusions", lines)


def _engine_line(engine: EngineAccuracy) -> str:
    parts = [
        _ENGINE_NAMES.get(engine.engine, _escape_name(engine.engine)),
        _escape_name(engine.model),
        f"prompt {_escape_name(engine.prompt)}" if engine.prompt else "",
        "shadow prompt" if engine.shadow else "",
    ]
    name = ", ".join(part for part in parts if part)
    correct = _percentage(engine.right, engine.tickets)
    changed = _percentage(engine.overridden, engine.tickets)
    verb = "would have been changed" if engine.shadow else "changed"
    return (
        f"{name}: {pluralize(engine.tickets, 'ticket')}, {correct} correct, "
        f"{changed} {verb} by a moderator"
    )


def _category_line(category: CategoryAccuracy) -> str:
    recall, precision = "", ""
    if category.tickets:
        recall = f", recall {_percentage(category.right, category.tickets)}"
    if category.said:
        precision = f", precision {_percentage(category.right, category.said)}"
    name = _escape_name(category.category)
    return f"{name}: {pluralize(category.tickets, 'ticket')}{recall}{precision}"


def _bullet_list(title: str, lines: list[str]) -> str:
    text = f"*{title}*"
    for line in lines[:_MAX_LINES]:
        if len(text) + len(line) < _MAX_SECTION_LENGTH:
            text += f"\n• {line}"
    hidden = len(lines) - _MAX_LINES
    return f"{text}\n…and {hidden} more" if hidden > 0 else text


def _percentage(part: int, whole: int) -> str:
    return f"{part / whole:.0%}"


def _escape_name(name: str) -> str:
    return escape(clip(name, _MAX_NAME_LENGTH))
