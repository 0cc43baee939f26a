"""The desk's sentences, and the one place where people's words are made safe for Slack.

What a person or a model wrote is drawn as rich text, which Slack never parses; `escape` is for the
few places that take mrkdwn (https://docs.slack.dev/messaging/formatting-message-text).
"""

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from models.people.member import Member
from models.tickets.pending_step import Step
from models.tickets.ticket import Status, Ticket
from models.triage.result import Engine, Priority

PRIORITY_MARKS = {
    Priority.LOW: ":white_circle: low",
    Priority.NORMAL: ":large_blue_circle: normal",
    Priority.HIGH: ":large_orange_circle: high",
    Priority.URGENT: ":red_circle: urgent",
}

_MAX_NAMES = 10
STEP_LABELS = {
    Step.TRIAGE: "the triage",
    Step.ASSIGN: "the assignment",
    Step.DM_REQUESTER: "the message to who asked",
    Step.DM_ASSIGNEE: "the message to the moderator",
    Step.EMAIL_ASSIGNEE: "the e-mail to the moderator",
    Step.ASK_REQUESTER: "the question whether it helped",
    Step.DM_WATCHERS: "the messages to those who watch",
    Step.REFRESH_CARDS: "redrawing the cards",
    Step.ALERT_ADMINS: "telling the admins",
    Step.DELIVER_WEBHOOKS: "telling the webhooks",
    Step.LEARN: "learning from it",
    Step.RETRIAGE: "another triage by Gemini",
    Step.ANSWER_INCIDENT: "the answer to all who reported it",
}


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


def triage_line(ticket: Ticket) -> str:
    """Which engine did the triage, how sure it is, why it was not Gemini; by what, at what cost."""
    triage = ticket.triage
    if triage is None:
        return "not triaged yet"
    name = "Gemini" if triage.engine is Engine.GEMINI else "the built-in engine"
    because = f"; {triage.why_builtin}" if triage.why_builtin else ""
    asked = [
        triage.model,
        f"prompt {triage.prompt}" if triage.prompt else "",
        f"{triage.ms} ms" if triage.ms else "",
        pluralize(triage.tokens, "token") if triage.tokens else "",
    ]
    was = ticket.original_triage.category if ticket.original_triage else triage.category
    what = "the category" if was == triage.category else was
    sure = f"{name} ({triage.confidence:.0%} sure of {what}{because})"
    return ", ".join([sure, *filter(None, asked)])


def ticket_facts(ticket: Ticket, *, reader: Member, requester: Member) -> dict[str, str]:
    """What is known of a ticket besides its text, for where Slack does not draw it."""
    triage = ticket.triage
    known = {"Asked by": requester.name or requester.slack_id}
    if triage:
        known |= {
            "Category": triage.category,
            "Priority": triage.priority.value,
            "Skills": join_names(triage.skills),
        }
    known["Triage"] = triage_line(ticket)
    known["Opened"] = local_time(ticket.opened_at, reader.tz)
    return known


def status_line(ticket: Ticket) -> str:
    """Who has the ticket, for anybody (mrkdwn)."""
    assignee = mention(ticket.assignee or "")
    match ticket.status:
        case Status.NEW:
            return "Received. We are reading it."
        case Status.TRIAGED:
            return "We are looking for the right person."
        case Status.OFFERED:
            return f"Offered to {assignee}, who has yet to claim it."
        case Status.CLAIMED:
            return f"{assignee} has it and is working on it."
        case Status.RESOLVED:
            return f"Resolved by {mention(ticket.resolver or '')}."


def moderator_status_line(ticket: Ticket, viewer: str) -> str:
    """Where a ticket stands, for a moderator."""
    if ticket.assignee != viewer:
        return status_line(ticket)
    match ticket.status:
        case Status.OFFERED:
            return "Offered to you. Claim it, or decline it and it goes to the next person."
        case Status.CLAIMED:
            return "You have it. Resolve it when it is done, or release it to somebody else."
        case _:
            return status_line(ticket)


def next_action_line(ticket: Ticket) -> str:
    """What happens next, for the requester."""
    match ticket.status:
        case Status.NEW | Status.TRIAGED:
            return "Next: it is offered to somebody who knows about it."
        case Status.OFFERED:
            return "Next: they claim it, or pass it on to the next person."
        case Status.CLAIMED:
            return "Next: you hear from us here when it is resolved."
        case Status.RESOLVED:
            return "If it did not help, reopen it from the message below."


def conflict_text(ticket: Ticket, *, viewer: str) -> str:
    """Why a move came too late, for the person who tried it (mrkdwn)."""
    mine = ticket.assignee == viewer
    assignee = mention(ticket.assignee or "")
    match ticket.status:
        case Status.CLAIMED if mine:
            return f"You already have {ticket.id}."
        case Status.CLAIMED:
            return f"{assignee} has already claimed {ticket.id}."
        case Status.OFFERED if not mine:
            return f"{ticket.id} is now offered to {assignee}. The card shows how it stands."
        case Status.RESOLVED:
            return f"{ticket.id} is already resolved. The card shows how it stands."
        case _:
            return f"{ticket.id} has changed in the meantime. The card shows how it stands."


def forbidden_text(ticket: Ticket) -> str:
    """Why the person may not make a move."""
    return (
        f"You can't do that with {ticket.id}: only the moderator who has it can, "
        "and nobody handles a ticket of their own. An admin can change roles with `/ticket admin`."
    )
