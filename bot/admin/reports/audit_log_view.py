"""The page on which an admin reads what was done, and by whom."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from bot.ui.form_fields import plain_text
from models.access.audit_entry import AuditEntry
from models.messages.cards import Block
from models.text import clip, escape, mention, slack_date

OPEN = "show_audit"
TITLE = "What was done"
# A modal holds 100 blocks: https://docs.slack.dev/reference/views/modal-views
MAX_ENTRIES = 50
# Of a section's 3000 characters; a name or a list may be long.
_MAX_LINE_LENGTH, _MAX_VALUE_LENGTH = 1500, 120
_SLACK_ID_PATTERN = re.compile(r"[UW][A-Z0-9]{2,20}")


def render(entries: Sequence[AuditEntry]) -> Block:
    """The page: the newest act first."""
    return {
        "type": "modal",
        "title": plain_text(TITLE),
        "close": plain_text("Back"),
        "blocks": list(_blocks(entries)),
    }


def _blocks(entries: Sequence[AuditEntry]) -> Iterator[Block]:
    if not entries:
        yield _section("Nothing has been done yet.")
    for act in entries[:MAX_ENTRIES]:
        yield _section(_render_line(act))
    if len(entries) > MAX_ENTRIES:
        yield _section(f"These are the last {MAX_ENTRIES}. All of them: `/api/v1/audit`.")


def _render_line(entry: AuditEntry) -> str:
    who = mention(entry.who) if entry.who else "Frontdesk"
    via = "" if entry.via == "slack" else f" (by {escape(clip(entry.via, _MAX_VALUE_LENGTH))})"
    changes = "; ".join(_change_texts(entry.before, entry.after))
    first = f"{slack_date(entry.at)}: {who} {escape(clip(entry.what, _MAX_VALUE_LENGTH))}, {_render_target(entry.to)}{via}"
    return f"{first}\n{_clip_changes(changes)}" if changes else first


def _change_texts(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    """What was and is, of that which is not the same."""
    for name in (*before, *(name for name in after if name not in before)):
        was, is_ = _render_value(before.get(name)), _render_value(after.get(name))
        if name not in before or name not in after:
            yield f"{escape(name)}: {is_ if name in after else was}"
        elif was != is_:
            yield f"{escape(name)}: {was} → {is_}"


def _render_target(target: str) -> str:
    return (
        mention(target)
        if _SLACK_ID_PATTERN.fullmatch(target)
        else escape(clip(target, _MAX_VALUE_LENGTH))
    )


def _render_value(value: Any) -> str:
    if isinstance(value, list | tuple):
        return escape(clip(", ".join(map(str, value)), _MAX_VALUE_LENGTH)) or "none"
    return _render_target("none" if value in (None, "") else str(value))


def _clip_changes(text: str) -> str:
    """Cut between changes, never inside what was made safe."""
    kept, _, more = (
        text[:_MAX_LINE_LENGTH].rpartition("; ") if len(text) > _MAX_LINE_LENGTH else (text, "", "")
    )
    return f"{kept}; …" if more else kept


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}
