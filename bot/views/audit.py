"""The page on which an admin reads what was done, and by whom."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from bot.views.fields import plain
from models.account import Act
from models.cards import Block
from models.wording import clip, escape, mention, moment

OPEN = "show_audit"
TITLE = "What was done"
# A modal holds 100 blocks: https://docs.slack.dev/reference/views/modal-views
MOST_SHOWN = 50
# Of a section's 3000 characters; a name or a list may be long.
_LINE, _VALUE = 1500, 120
_PERSON = re.compile(r"[UW][A-Z0-9]{2,20}")


def draw(acts: Sequence[Act]) -> Block:
    """The page: the newest act first."""
    return {
        "type": "modal",
        "title": plain(TITLE),
        "close": plain("Back"),
        "blocks": list(_blocks(acts)),
    }


def _blocks(acts: Sequence[Act]) -> Iterator[Block]:
    if not acts:
        yield _section("Nothing has been done yet.")
    for act in acts[:MOST_SHOWN]:
        yield _section(_told(act))
    if len(acts) > MOST_SHOWN:
        yield _section(f"These are the last {MOST_SHOWN}. All of them: `/api/v1/audit`.")


def _told(act: Act) -> str:
    who = mention(act.who) if act.who else "Frontdesk"
    via = "" if act.via == "slack" else f" (by {escape(clip(act.via, _VALUE))})"
    changes = "; ".join(_changes(act.before, act.after))
    first = f"{moment(act.at)}: {who} {escape(clip(act.what, _VALUE))}, {_what(act.to)}{via}"
    return f"{first}\n{_cut(changes)}" if changes else first


def _changes(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    """What was and is, of that which is not the same."""
    for name in (*before, *(name for name in after if name not in before)):
        was, is_ = _value(before.get(name)), _value(after.get(name))
        if name not in before or name not in after:
            yield f"{escape(name)}: {is_ if name in after else was}"
        elif was != is_:
            yield f"{escape(name)}: {was} → {is_}"


def _what(to: str) -> str:
    return mention(to) if _PERSON.fullmatch(to) else escape(clip(to, _VALUE))


def _value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return escape(clip(", ".join(map(str, value)), _VALUE)) or "none"
    return _what("none" if value in (None, "") else str(value))


def _cut(text: str) -> str:
    """Cut between changes, never inside what was made safe."""
    kept, _, more = text[:_LINE].rpartition("; ") if len(text) > _LINE else (text, "", "")
    return f"{kept}; …" if more else kept


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}
