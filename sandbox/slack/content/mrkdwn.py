"""Slack's mrkdwn as plain text: names instead of ids, no formatting marks, no escapes."""

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
    """Return mrkdwn as people read it.

    Args:
        resolve_name: turns a user, channel or group id into its visible name.
    """
    visible = _REFERENCE.sub(
        lambda match: _reference_text(match[1], resolve_name), _without_formatting(text)
    )
    return unescape(visible)


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
    references = [piece for piece in pieces if _REFERENCE.fullmatch(piece)]
    bare_text = "".join("\0" if _REFERENCE.fullmatch(piece) else piece for piece in pieces)
    bare_text = _QUOTE.sub("", bare_text)
    for mark in _MARKS:
        bare_text = mark.sub(r"\1", bare_text)
    for reference in references:
        bare_text = bare_text.replace("\0", reference, 1)
    return bare_text


def _reference_text(reference: str, resolve_name: ResolveName) -> str:
    target, _, label = reference.partition("|")
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
