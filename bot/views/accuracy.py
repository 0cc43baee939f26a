"""The page on which an admin sees how often triage was right, and where it was not."""

from collections.abc import Iterator

from bot.views.fields import plain
from models.accuracy import MOST_LESSONS, Accuracy, OfCategory, OfEngine
from models.cards import Block
from models.triage import Engine
from models.wording import clip, counted, escape

OPEN = "show_accuracy"
TITLE = "Is triage right?"
# A section holds 3000 characters, a modal 100 blocks; more than these are read by nobody.
_MOST_LINES, _NAME, _SECTION = 25, 60, 2900
_LEGEND = (
    "\nRight: the category. Overridden: category, priority or skills were changed by a moderator."
)
_NAMES = {Engine.GEMINI.value: "Gemini", Engine.BUILTIN.value: "The built-in engine"}


def draw(accuracy: Accuracy) -> Block:
    """The page."""
    return {
        "type": "modal",
        "title": plain(TITLE),
        "close": plain("Back"),
        "blocks": [_section(text) for text in _texts(accuracy)],
    }


def _texts(accuracy: Accuracy) -> Iterator[str]:
    if not accuracy.tickets:
        yield (
            "No ticket has been judged yet. A moderator judges triage by *Correct* on a card, "
            "or by resolving a ticket as it is."
        )
        return
    last = " last" if accuracy.tickets == MOST_LESSONS else ""
    yield (
        f"*{_share(accuracy.right, accuracy.tickets)}* of categories were right, of "
        f"{counted(accuracy.tickets, 'ticket')} that moderators have judged{last}."
    )
    yield _list("By engine", [_engine(one) for one in accuracy.engines]) + _LEGEND
    yield _list("By category", [_category(one) for one in accuracy.categories])
    if accuracy.confusions:
        lines = [
            f"{_name(one.is_)} taken for {_name(one.said)}: {counted(one.tickets, 'ticket')}"
            for one in accuracy.confusions
        ]
        yield _list("Taken for another", lines)


def _engine(one: OfEngine) -> str:
    asked = [_name(one.model), f"prompt {_name(one.prompt)}" if one.prompt else ""]
    name = ", ".join(filter(None, [_NAMES.get(one.engine, _name(one.engine)), *asked]))
    right, changed = _share(one.right, one.tickets), _share(one.overridden, one.tickets)
    changed += " would have been overridden: on trial" if one.shadow else " overridden"
    return f"{name}: {counted(one.tickets, 'ticket')}, {right} right; {changed}"


def _category(one: OfCategory) -> str:
    found = f", {_share(one.right, one.tickets)} found" if one.tickets else ""
    meant = f"; where triage said so, {_share(one.right, one.said)} right" if one.said else ""
    return f"{_name(one.category)}: {counted(one.tickets, 'ticket')}{found}{meant}"


def _list(title: str, lines: list[str]) -> str:
    shown, text = lines[:_MOST_LINES], f"*{title}*"
    for line in shown:
        if len(text) + len(line) < _SECTION:
            text += f"\n• {line}"
    more = len(lines) - len(shown)
    return f"{text}\n…and {more} more" if more > 0 else text


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}"


def _name(name: str) -> str:
    return escape(clip(name, _NAME))


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}
