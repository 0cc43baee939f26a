"""Triage dry run: turns an admin's example request into a ticket that is not stored."""

from models.clock import utc_now
from models.tickets.ticket import Ticket

# Real tickets are numbered from 1. The AI request log lists all dry runs under this id.
DRY_RUN_TICKET_ID = "T-0"


def make_dry_run_ticket(team_id: str, title: str, description: str) -> Ticket:
    """An unstored ticket with this text."""
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
