"""The desk's sentences, and the one place where people's words are made safe for Slack.

What a person or a model wrote is drawn as rich text, which Slack never parses; `escape` is for the
few places that take mrkdwn (https://docs.slack.dev/messaging/formatting-message-text).
"""

from models.people.member import Member
from models.text import join_names, local_time, mention, pluralize
from models.tickets.pending_step import Step
from models.tickets.ticket import Status, Ticket
from models.triage.result import Engine, Priority

PRIORITY_MARKS = {
    Priority.LOW: ":white_circle: low",
    Priority.NORMAL: ":large_blue_circle: normal",
    Priority.HIGH: ":large_orange_circle: high",
    Priority.URGENT: ":red_circle: urgent",
}

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
