"""Slack's mrkdwn as the eye sees it: names for ids, no marks, no escapes."""

import re
from collections.abc import Callable

_REFERENCE = re.compile(r"<([^<>]+)>")
_FENCE = re.compile(r"```\n?(.*?)\n?```", re.DOTALL)
_MARKS = [
    re.compile(rf"(?<![\w{mark}]){mark}(?=\S)([^{mark}\n]+?)(?<=\S){mark}(?![\w{mark}])")
    for mark in (r"\*", "_", "~", "`")
]
_QUOTE = re.compile(r"^&gt;\s?", re.MULTILINE)

ResolveName = Callable[[str], str]


def to_plain_text(text: str, resolve_name: ResolveName) -> str:
    """mrkdwn as it is read. `names` turns a user, channel or group id into what is shown."""
    shown = _REFERENCE.sub(
        lambda found: _reference_text(found[1], resolve_name), _without_formatting(text)
    )
    return unescape(shown)


def unescape(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _without_formatting(text: str) -> str:
    parts = _FENCE.split(text)
    return "".join(part if i % 2 else _without_inline_marks(part) for i, part in enumerate(parts))


def _without_inline_marks(text: str) -> str:
    # References keep their underscores and stars: <!date^1^{date_num}|…>, <https://a_b_c>.
    pieces = re.split(r"(<[^<>]+>)", text)
    holes = [piece for piece in pieces if _REFERENCE.fullmatch(piece)]
    bare = "".join("\0" if _REFERENCE.fullmatch(piece) else piece for piece in pieces)
    bare = _QUOTE.sub("", bare)
    for mark in _MARKS:
        bare = mark.sub(r"\1", bare)
    for hole in holes:
        bare = bare.replace("\0", hole, 1)
    return bare


def _reference_text(inside: str, resolve_name: ResolveName) -> str:
    target, _, label = inside.partition("|")
    if target.startswith("!date"):
        return label
    if target.startswith("!subteam^"):
        return label or resolve_name(target.removeprefix("!subteam^"))
    if target.startswith("!"):
        return label or "@" + target[1:]
    if target.startswith("@"):
        return resolve_name(target[1:])
    if target.startswith("#"):
        return f"#{label}" if label else resolve_name(target[1:])
    return label or target.removeprefix("mailto:")
