"""The audit log page: who changed what, when, and from which value to which."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from bot.admin.page_view import page_view
from models.access.audit_entry import AuditEntry
from models.messages.block_kit import section
from models.messages.cards import Block
from models.text import clip, escape, mention, slack_date

OPEN = "show_audit"
TITLE = "Audit log"
# A modal holds 100 blocks: https://docs.slack.dev/reference/views/modal-views
MAX_ENTRIES = 50
# A section holds 3000 characters, and a name or a list may be long.
_MAX_LINE_LENGTH, _MAX_VALUE_LENGTH = 1500, 120
_SLACK_ID_PATTERN = re.compile(r"[UW][A-Z0-9]{2,20}")
# Stored verbs keep the wording of the first version. The page shows today's terms.
_VERB_LABELS = {
    "set role": "changed member",
    "changed who is let in": "changed guest policy",
    "read what was sent to the AI": "read AI request log",
    "tried again": "retried failed steps",
    "took up damaged tickets": "released quarantined tickets",
    "replayed delivery": "resent delivery",
}
_TARGET_LABELS = {"the desk": "workspace"}


def render(entries: Sequence[AuditEntry]) -> Block:
    """The page, newest entry first."""
    return page_view(TITLE, _blocks(entries))


def _blocks(entries: Sequence[AuditEntry]) -> Iterator[Block]:
    if not entries:
        yield section("No entries yet.")
    for entry in entries[:MAX_ENTRIES]:
        yield section(_render_line(entry))
    if len(entries) > MAX_ENTRIES:
        yield section(
            f"Only the newest {MAX_ENTRIES} entries are shown. Read all of them with "
            "`/api/v1/audit`."
        )


def _render_line(entry: AuditEntry) -> str:
    actor = mention(entry.who) if entry.who else "Frontdesk"
    verb = escape(clip(_VERB_LABELS.get(entry.what, entry.what), _MAX_VALUE_LENGTH))
    target = _render_target(_TARGET_LABELS.get(entry.to, entry.to))
    via = "" if entry.via == "slack" else f" (by {escape(clip(entry.via, _MAX_VALUE_LENGTH))})"
    line = f"{slack_date(entry.at)}: {actor} {verb}, {target}{via}"
    changes = "; ".join(_change_texts(entry.before, entry.after))
    return f"{line}\n{_clip_changes(changes)}" if changes else line


def _change_texts(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    """The changed values; fields with the same value before and after are left out."""
    for name in (*before, *(name for name in after if name not in before)):
        old, new = _render_value(before.get(name)), _render_value(after.get(name))
        if name not in before or name not in after:
            yield f"{escape(name)}: {new if name in after else old}"
        elif old != new:
            yield f"{escape(name)}: {old} → {new}"


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
    """The changes, cut between two of them and never inside escaped text."""
    if len(text) <= _MAX_LINE_LENGTH:
        return text
    start, _, cut = text[:_MAX_LINE_LENGTH].rpartition("; ")
    return f"{start}; …" if cut else start
