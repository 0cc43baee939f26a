"""The sentences on cards, in e-mails and on the pages behind e-mail links.

Texts that people or models wrote are rendered as rich text, because Slack never parses it.
`models.text.escape` is for the few places that take mrkdwn
(https://docs.slack.dev/messaging/formatting-message-text).
"""

from models.text import mention
from models.tickets.fields import ASSIGNEE, RESOLVER, STATUS
from models.tickets.ticket import Status, Ticket
from models.tickets.visible_ticket import VisibleTicket
from models.triage.result import Priority

PRIORITY_EMOJI = {
    Priority.LOW: "white_circle",
    Priority.NORMAL: "large_blue_circle",
    Priority.HIGH: "large_orange_circle",
    Priority.URGENT: "red_circle",
}
PRIORITY_MARKS = {
    priority: f":{emoji}: {priority.value}" for priority, emoji in PRIORITY_EMOJI.items()
}


def status_line(ticket: VisibleTicket, *, viewer: str = "") -> str:
    """The ticket's status and assignee, as far as the reader may see them (mrkdwn).

    Args:
        viewer: Slack id of the reader; somebody who resolved the ticket reads "You".
    """
    assignee, resolver = ticket.get(ASSIGNEE), ticket.get(RESOLVER)
    match ticket.get(STATUS):
        case Status.NEW:
            return "Received."
        case Status.TRIAGED:
            return "We are finding the right person."
        case Status.OFFERED:
            return f"Waiting for {mention(assignee) if assignee else 'somebody'} to claim it."
        case Status.CLAIMED:
            return f"{mention(assignee) if assignee else 'Somebody'} is working on it."
        case _ if viewer and resolver == viewer:
            return "You resolved this ticket."
        case _:
            return f"Resolved by {mention(resolver)}." if resolver else "Resolved."


def moderator_status_line(ticket: VisibleTicket, viewer: str) -> str:
    """The ticket's status, for a moderator (mrkdwn); its assignee reads what to do."""
    if ticket.get(ASSIGNEE) != viewer:
        return status_line(ticket, viewer=viewer)
    match ticket.get(STATUS):
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
