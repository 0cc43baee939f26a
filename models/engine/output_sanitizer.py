"""What a model said in its own words, made fit to be shown: no links, no mentions, no formatting.

Cards draw it as rich text, which Slack never parses. But letters, webhooks and the API carry it as
well, and mail programs make a link of whatever looks like one.
"""

import re
from collections.abc import Collection
from unicodedata import category
from urllib.parse import urlsplit

from models.text import clip

LINK_REMOVED = "(link removed)"
_MARKDOWN_LINK = re.compile(r"!?\[([^\[\]]{0,300})\]\([^()\s]{0,2000}\)")
_SLACK_MARKUP = re.compile(r"<([@#!]?)([^<>|]{1,2000})(?:\|([^<>]{0,300}))?>")
_LINK = re.compile(
    r"(?i)\b(?:[a-z][a-z0-9+.-]{1,20}://|(?:mailto|javascript|data|tel|file|vbscript):(?=\S)|www\.)"
    r"[^\s<>\"']*+"
    r"|(?<![\w@.-])(?:[\w-]{1,63}\.){1,8}(?:com|net|org|io|co|dev|app|info|biz|ru|cn|xyz|top|site"
    r"|online|link|click|me|tv|ly|gg|us|uk|de|fr|eu|example|invalid|test)\b(?::\d+)?(?:[/?#]\S*+)?"
    r"|(?<![\w@.-])(?:[\w-]{1,63}\.){1,8}[a-z]{2,24}(?::\d+)?/[^\s<>\"']*+"
    r"|(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?/[^\s<>\"']*+"
)
_ANGLE_REPLACEMENTS = str.maketrans("<>", "\u2039\u203a")
_MENTION_SIGN = re.compile(r"(?i)@(?=(?:here|channel|everyone|group|u[a-z0-9]{5,})\b)")


def sanitize(text: str, *, limit: int, allowed_hosts: Collection[str] = ()) -> str:
    """The text as it may be shown.

    Args:
        hosts: those that may be linked to; links to others are removed.
    """
    text = strip_invisible(text)
    # Out of one construct another may come to be; each round makes the text shorter.
    for _ in range(3):
        text = _SLACK_MARKUP.sub(_markup_text, _MARKDOWN_LINK.sub(r"\1", text))
    text = _LINK.sub(
        lambda match: match[0] if _is_allowed(match[0], allowed_hosts) else LINK_REMOVED, text
    )
    text = _MENTION_SIGN.sub("", text.translate(_ANGLE_REPLACEMENTS))
    return clip(text.strip(), limit)


def strip_invisible(text: str) -> str:
    """Text without what is not seen, and without the halves of characters that no store takes."""
    return "".join(c for c in text if c in "\n\t" or category(c) not in {"Cc", "Cf", "Cs", "Co"})


def _markup_text(match: re.Match[str]) -> str:
    """What stands in Slack's angle brackets, as words; a link is looked at by itself."""
    return match[3] or match[2] if match[1] else f"{match[3] or ''} {match[2]}".strip()


def _is_allowed(link: str, allowed_hosts: Collection[str]) -> bool:
    try:
        parts = urlsplit(link if "://" in link else f"https://{link}")
    except ValueError:
        return False
    host = (parts.hostname or "").casefold()
    plain = parts.scheme == "https" and "@" not in parts.netloc
    return plain and any(host == one.casefold() for one in allowed_hosts)
