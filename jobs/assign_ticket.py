"""A triaged ticket is offered to somebody, with the reason; an admin if nobody fits."""

from datetime import datetime

from jobs.retrying import Tools
from models import flow
from models.assignment import Candidate, choose
from models.clock import now as clock
from models.desk import Change
from models.errors import NotNow
from models.flow import Move
from models.step import Pending
from models.ticket import Ticket

# How soon to look again when there is nobody at all: somebody may be hired or come back.
LOOK_AGAIN_SECONDS = 15


async def assign_ticket(tools: Tools, ticket: Ticket, _leased: Pending) -> Change:
    """Offer the ticket to the person who fits best.

    Raises:
        NotNow: there is nobody; the ticket waits, and no attempt is used up.
    """
    people = await _candidates(tools, ticket)
    choice = choose(ticket, people, now=clock())
    if choice is None:
        raise NotNow(
            "there is no moderator or admin who could take it: see ADMIN_SLACK_IDS",
            seconds=LOOK_AGAIN_SECONDS,
            counts=False,
        )
    chosen, reason = choice.member.slack_id, choice.reason

    def offered(current: Ticket, now: datetime) -> Ticket:
        return flow.make(
            current,
            Move.OFFER,
            by=None,
            now=now,
            why=reason,
            assignee=chosen,
            offered_to=chosen,
            reason=reason,
            offers=current.offers + 1,
        )

    return offered


async def _candidates(tools: Tools, ticket: Ticket) -> list[Candidate]:
    store = tools.desk.store
    members = await store.moderators(ticket.team_id)
    held = await store.open_tickets(ticket.team_id)
    return [
        Candidate(member=member, open_tickets=len(held.get(member.slack_id, ())))
        for member in members
    ]
