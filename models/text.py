"""Text helpers that everybody may use: escaping, clipping, mentions, dates, lists and plurals."""

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_MAX_NAMES = 10


def escape(text: str) -> str:
    """Text that Slack shows as it is: no mention, link or channel-wide ping."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def clip(text: str, limit: int) -> str:
    """The text, cut with an ellipsis where it is longer than the limit (characters)."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def mention(slack_id: str) -> str:
    """A person, by the name each reader knows them by."""
    return f"<@{slack_id}>"


def slack_date(at: datetime) -> str:
    """A time, shown by Slack in each reader's own zone."""
    fallback = at.strftime("%Y-%m-%d %H:%M UTC")
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} at {{time}}|{fallback}>"


def local_time(at: datetime, tz: str) -> str:
    """A time in the reader's own zone; in UTC where the zone is not known here."""
    return at.astimezone(time_zone(tz)).strftime("%A, %d %B %Y, %H:%M (%Z)")


def time_zone(tz: str) -> ZoneInfo:
    """The time zone of that name; UTC where it is not known here."""
    try:
        return ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def join_names(names: tuple[str, ...]) -> str:
    """Names in a row, or a word that says there are none."""
    return ", ".join(names) or "none"


def join_names_briefly(names: tuple[str, ...]) -> str:
    """The first of many names in a row, and how many there are besides."""
    more = len(names) - _MAX_NAMES
    return join_names(names[:_MAX_NAMES]) + (f" and {more} more" if more > 0 else "")


def pluralize(number: int, noun: str) -> str:
    """ "no open tickets", "1 open ticket", "2 open tickets"."""
    amount = "no" if number == 0 else str(number)
    return f"{amount} {noun}" if number == 1 else f"{amount} {noun}s"
