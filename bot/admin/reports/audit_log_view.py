"""The audit log page: who changed what, when, and from which value to which."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from bot.ui.views import page_view
from models.access.audit_entry import AuditEntry
from models.messages.block_kit import Block, View, section
from models.text import clip, escape, mention, slack_date
from models.tickets.pending_step import STEP_LABELS

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
_TARGET_LABELS = {"the desk": "workspace"} | {
    step.value: label for step, label in STEP_LABELS.items()
}
# The names of stored fields; the page shows the labels of the forms.
_FIELD_LABELS = {
    "away_until": "out of office until",
    "capacity": "maximum open tickets",
    "trusted": "may see confidential tickets",
    "floor": "minimum priority",
    "private": "do not send to AI",
    "aliases": "synonyms",
    "patterns": "regular expressions",
    "guests": "guests may open tickets",
    "strangers": "people of other workspaces may open tickets",
    "moderators": "user group of moderators",
    "url": "URL",
    "until": "expires",
    "into": "merged into",
}
_TIME_FIELDS = frozenset({"away_until", "until"})


def render(entries: Sequence[AuditEntry]) -> View:
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


def _change_texts(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """The changed values; fields with the same value before and after are left out."""
    for name in (*before, *(name for name in after if name not in before)):
        label = escape(_FIELD_LABELS.get(name, name))
        old, new = _render_field(name, before.get(name)), _render_field(name, after.get(name))
        if name not in before or name not in after:
            yield f"{label}: {new if name in after else old}"
        elif old != new:
            yield f"{label}: {old} → {new}"


def _render_target(target: str) -> str:
    return (
        mention(target)
        if _SLACK_ID_PATTERN.fullmatch(target)
        else escape(clip(target, _MAX_VALUE_LENGTH))
    )


def _render_field(name: str, value: Any) -> str:
    if name == "events" and not value:
        return "all events"
    if name in _TIME_FIELDS and isinstance(value, str):
        try:
            return slack_date(datetime.fromisoformat(value))
        except ValueError:
            return _render_value(value)
    return _render_value(value)


def _render_value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return escape(clip(", ".join(map(str, value)), _MAX_VALUE_LENGTH)) or "none"
    return _render_target("none" if value in (None, "") else str(value))


def _clip_changes(text: str) -> str:
    """The changes, cut between two of them and never inside escaped text."""
    if len(text) <= _MAX_LINE_LENGTH:
        return text
    start, _, cut = text[:_MAX_LINE_LENGTH].rpartition("; ")
    return f"{start}; …" if cut else start
