"""What a person reads when a transition is refused: the ticket has changed, or they may not."""

from models.text import mention
from models.tickets.ticket import Status, Ticket


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
