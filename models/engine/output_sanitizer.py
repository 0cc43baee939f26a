"""Sanitizes texts that a model wrote: removes links, mentions and formatting.

Cards show such a text as rich text, which Slack does not parse. But e-mails, webhooks and the API
contain it too. Mail programs turn everything that looks like a link into one.
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
    """The text in a form that is safe to show, cut to the limit.

    Args:
        text: a text that a model wrote.
        limit: characters of the result at most.
        allowed_hosts: links to these hosts stay; links to all others are removed.
    """
    text = strip_invisible(text)
    # Removing one construct may create another. Each round makes the text shorter.
    for _ in range(3):
        text = _SLACK_MARKUP.sub(_markup_text, _MARKDOWN_LINK.sub(r"\1", text))
    text = _LINK.sub(
        lambda match: match[0] if _is_allowed(match[0], allowed_hosts) else LINK_REMOVED, text
    )
    text = _MENTION_SIGN.sub("", text.translate(_ANGLE_REPLACEMENTS))
    return clip(text.strip(), limit)


def strip_invisible(text: str) -> str:
    """The text without invisible characters and without lone surrogates, which UTF-8 cannot encode.

    Line breaks and tabs stay.
    """
    return "".join(c for c in text if c in "\n\t" or category(c) not in {"Cc", "Cf", "Cs", "Co"})


def _markup_text(match: re.Match[str]) -> str:
    """The text inside Slack's angle brackets; a link stays beside it and is checked later."""
    return match[3] or match[2] if match[1] else f"{match[3] or ''} {match[2]}".strip()


def _is_allowed(link: str, allowed_hosts: Collection[str]) -> bool:
    try:
        parts = urlsplit(link if "://" in link else f"https://{link}")
    except ValueError:
        return False
    host = (parts.hostname or "").casefold()
    is_plain = parts.scheme == "https" and "@" not in parts.netloc
    return is_plain and any(host == allowed.casefold() for allowed in allowed_hosts)
