"""A text that an admin tries: a ticket that nobody has opened, and that is stored nowhere."""

from models.clock import utc_now
from models.tickets.ticket import Ticket

# No ticket is called so: they are numbered from one. What was sent to an AI is kept under it.
DRY_RUN_TICKET_ID = "T-0"


def make_dry_run_ticket(team_id: str, title: str, description: str) -> Ticket:
    """The text as a ticket."""
    return Ticket(
        id=DRY_RUN_TICKET_ID,
        team_id=team_id,
        key="",
        requester="",
        title=title,
        description=description,
        urgency=None,
        confidential=False,
        opened_at=utc_now(),
    )
