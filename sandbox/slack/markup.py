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

Names = Callable[[str], str]


def plain(text: str, names: Names) -> str:
    """mrkdwn as it is read. `names` turns a user, channel or group id into what is shown."""
    shown = _REFERENCE.sub(lambda found: _reference(found[1], names), _unmarked(text))
    return unescaped(shown)


def unescaped(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _unmarked(text: str) -> str:
    parts = _FENCE.split(text)
    return "".join(part if i % 2 else _without_marks(part) for i, part in enumerate(parts))


def _without_marks(text: str) -> str:
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


def _reference(inside: str, names: Names) -> str:
    target, _, label = inside.partition("|")
    if target.startswith("!date"):
        return label
    if target.startswith("!subteam^"):
        return label or names(target.removeprefix("!subteam^"))
    if target.startswith("!"):
        return label or "@" + target[1:]
    if target.startswith("@"):
        return names(target[1:])
    if target.startswith("#"):
        return f"#{label}" if label else names(target[1:])
    return label or target.removeprefix("mailto:")
