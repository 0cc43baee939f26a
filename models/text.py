"""Text helpers for every package: escaping, clipping, mentions, dates, lists and plurals."""

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_MAX_NAMES = 10


def escape(text: str) -> str:
    """Text for mrkdwn that Slack shows unchanged, without mentions, links or pings."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def clip(text: str, limit: int) -> str:
    """The text, cut to the limit (characters) with an ellipsis at the end."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def mention(slack_id: str) -> str:
    """A mention of a person; Slack shows their name."""
    return f"<@{slack_id}>"


def slack_date(at: datetime) -> str:
    """A time that Slack shows in each reader's own time zone."""
    fallback = at.strftime("%Y-%m-%d %H:%M UTC")
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} at {{time}}|{fallback}>"


def local_time(at: datetime, tz: str) -> str:
    """A time in the reader's time zone, or in UTC if this machine does not know the zone."""
    return at.astimezone(time_zone(tz)).strftime("%A, %d %B %Y, %H:%M (%Z)")


def time_zone(tz: str) -> ZoneInfo:
    """The time zone of that name, or UTC if this machine does not know it."""
    try:
        return ZoneInfo(tz)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def join_names(names: tuple[str, ...]) -> str:
    """The names, separated by commas, or "none"."""
    return ", ".join(names) or "none"


def join_names_briefly(names: tuple[str, ...]) -> str:
    """The first ten names, and the number of the others."""
    more = len(names) - _MAX_NAMES
    return join_names(names[:_MAX_NAMES]) + (f" and {more} more" if more > 0 else "")


def pluralize(number: int, noun: str) -> str:
    """The number with its noun: "no open tickets", "1 open ticket", "2 open tickets"."""
    amount = "no" if number == 0 else str(number)
    return f"{amount} {noun}" if number == 1 else f"{amount} {noun}s"
