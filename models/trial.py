"""A text that an admin tries: a ticket that nobody has opened, and that is stored nowhere."""

from models.clock import now
from models.ticket import Ticket

# No ticket is called so: they are numbered from one. What was sent to an AI is kept under it.
TRIAL = "T-0"


def tried(team_id: str, title: str, description: str) -> Ticket:
    """The text as a ticket."""
    return Ticket(
        id=TRIAL,
        team_id=team_id,
        key="",
        requester="",
        title=title,
        description=description,
        urgency=None,
        confidential=False,
        opened_at=now(),
    )
