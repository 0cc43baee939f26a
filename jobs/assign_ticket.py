"""A triaged ticket is offered to somebody, with the reason; an admin if nobody fits."""

from datetime import datetime

from jobs.retrying import Tools, nothing
from models import flow
from models.arranging import as_listed, candidates
from models.assignment import choose, doubtful
from models.clock import now as clock
from models.desk import Change
from models.errors import NotNow
from models.flow import Move
from models.step import Pending, Step
from models.ticket import Status, Ticket

# How soon to look again when there is nobody at all: somebody may be hired or come back.
LOOK_AGAIN_SECONDS = 15
# How soon to look whether it is known what became of the card before.
_CARD_SECONDS = 1


async def assign_ticket(tools: Tools, ticket: Ticket, _leased: Pending) -> Change:
    """Offer the ticket to the person who fits best.

    Raises:
        NotNow: there is nobody, or the card of the offer before may have been sent and is not noted
            yet; the ticket waits, and no attempt is used up.
    """
    # Who asked may have found the answer meanwhile.
    if ticket.status is not Status.TRIAGED:
        return nothing
    # A new offer is all that the step would see, and the card would be forgotten.
    if (card := ticket.step(Step.DM_ASSIGNEE)) and card.tries and card.due:
        why = "it is not known yet whether the card of the last offer was sent"
        raise NotNow(why, seconds=_CARD_SECONDS, counts=False)
    people, configuration = await candidates(tools.desk, ticket.team_id)
    listed = as_listed(ticket, configuration.vocabulary)
    choice = choose(listed, people, now=clock(), doubt=doubtful(ticket, configuration))
    if choice is None:
        raise NotNow(
            "there is no moderator or admin with room for it: see `/ticket admin`, ADMIN_SLACK_IDS",
            seconds=LOOK_AGAIN_SECONDS,
            counts=False,
        )
    chosen, reason = choice.member.slack_id, choice.reason
    tools.desk.workload.offered(ticket.team_id, chosen)

    def offered(current: Ticket, now: datetime) -> Ticket:
        return flow.make(
            as_listed(current, configuration.vocabulary),
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
