"""Texts for refused moves: the ticket has changed, or the person is not allowed."""

from models.text import mention
from models.tickets.ticket import Status, Ticket

_NOTHING_CHANGED = "Nothing was changed. Check the card in Slack before you try again."


def conflict_text(ticket: Ticket, *, viewer: str) -> str:
    """The text for a move on a ticket that has changed since (mrkdwn).

    Args:
        viewer: the Slack id of its reader; "" for the log, which names no people.
    """
    is_assignee = ticket.assignee == viewer
    assignee = mention(ticket.assignee or "")
    match ticket.status:
        case Status.CLAIMED if is_assignee:
            return f"You already have {ticket.id}. {_NOTHING_CHANGED}"
        case Status.CLAIMED if viewer:
            return f"{assignee} has already claimed {ticket.id}. {_NOTHING_CHANGED}"
        case Status.OFFERED if viewer and not is_assignee:
            return f"{ticket.id} is now offered to {assignee}. {_NOTHING_CHANGED}"
        case Status.RESOLVED:
            return f"{ticket.id} is already resolved. {_NOTHING_CHANGED}"
        case _:
            return f"{ticket.id} has changed in the meantime. {_NOTHING_CHANGED}"


def forbidden_text(ticket: Ticket) -> str:
    """The text for a move that the person is not allowed to make (mrkdwn)."""
    return (
        f"{ticket.id} was not changed: your role, or your part in the ticket, does not allow that. "
        "Moderators cannot handle tickets that they opened. "
        "If your role is wrong, ask an admin to change it with `/ticket admin`."
    )
