"""The sentences on cards, in e-mails and on the pages behind e-mail links.

Texts that people or models wrote are rendered as rich text, because Slack never parses it.
`models.text.escape` is for the few places that take mrkdwn
(https://docs.slack.dev/messaging/formatting-message-text).
"""

from models.people.member import Member
from models.text import join_names, local_time, mention
from models.tickets.ticket import Status, Ticket
from models.triage.result import Engine, Priority

PRIORITY_EMOJI = {
    Priority.LOW: "white_circle",
    Priority.NORMAL: "large_blue_circle",
    Priority.HIGH: "large_orange_circle",
    Priority.URGENT: "red_circle",
}
PRIORITY_MARKS = {
    priority: f":{emoji}: {priority.value}" for priority, emoji in PRIORITY_EMOJI.items()
}


def triage_line(ticket: Ticket) -> str:
    """The engine, its confidence, and why it was not Gemini; *Details* on the card has the rest."""
    triage = ticket.triage
    if triage is None:
        return "not triaged yet"
    name = "Gemini" if triage.engine is Engine.GEMINI else "the built-in engine"
    because = f"; {triage.why_builtin}" if triage.why_builtin else ""
    original = ticket.original_triage.category if ticket.original_triage else triage.category
    category = "the category" if original == triage.category else original
    return f"{name} ({triage.confidence:.0%} sure of {category}{because})"


def ticket_facts(ticket: Ticket, *, reader: Member, requester: Member) -> dict[str, str]:
    """The facts of a ticket besides its text, by label, for e-mails and the link page."""
    triage = ticket.triage
    facts = {"Requester": requester.name or requester.slack_id}
    if triage:
        facts |= {
            "Category": triage.category,
            "Priority": triage.priority.value,
            "Skills": join_names(triage.skills),
        }
    facts["Triage"] = triage_line(ticket)
    facts["Opened"] = local_time(ticket.opened_at, reader.tz)
    return facts


def status_line(ticket: Ticket, *, viewer: str = "") -> str:
    """The ticket's status and assignee, for anybody (mrkdwn).

    Args:
        viewer: Slack id of the reader; somebody who resolved the ticket reads "You".
    """
    assignee = mention(ticket.assignee or "")
    match ticket.status:
        case Status.NEW:
            return "Received."
        case Status.TRIAGED:
            return "We are finding the right person."
        case Status.OFFERED:
            return f"Waiting for {assignee} to claim it."
        case Status.CLAIMED:
            return f"{assignee} is working on it."
        case Status.RESOLVED if viewer and ticket.resolver == viewer:
            return "You resolved this ticket."
        case Status.RESOLVED:
            return f"Resolved by {mention(ticket.resolver or '')}."


def moderator_status_line(ticket: Ticket, viewer: str) -> str:
    """The ticket's status, for a moderator (mrkdwn); its assignee reads what to do."""
    if ticket.assignee != viewer:
        return status_line(ticket, viewer=viewer)
    match ticket.status:
        case Status.OFFERED:
            return "Offered to you. Claim it, or decline it and it goes to the next person."
        case Status.CLAIMED:
            return "You have it. Resolve it when it is done, or release it to the next person."
        case _:
            return status_line(ticket, viewer=viewer)


def next_action_line(ticket: Ticket) -> str:
    """The next thing that happens, on the requester's card."""
    match ticket.status:
        case Status.NEW:
            return "We are finding the right person."
        case Status.TRIAGED:
            return "This card shows who gets your ticket."
        case Status.OFFERED:
            return "If they decline it, we ask the next person."
        case Status.CLAIMED:
            return "You get a message here when it is resolved."
        case Status.RESOLVED:
            return "If this did not solve it, press *Reopen* in the message below."
