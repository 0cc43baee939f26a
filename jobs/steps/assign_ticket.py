"""A triaged ticket is offered to somebody, with the reason; an admin if nobody fits."""

from datetime import datetime

from jobs.runner.step_context import StepContext, no_change
from models.admin.taxonomy import load_candidates, with_current_skills
from models.assignment.matching import choose_assignee, reason_for_admin_review
from models.clock import utc_now as clock
from models.errors import RetryLater
from models.tickets import workflow
from models.tickets.pending_step import PendingStep, Step
from models.tickets.ticket import Status, Ticket, TicketUpdate
from models.tickets.workflow import Move

# How soon to look again when there is nobody at all: somebody may be hired or come back.
NO_ASSIGNEE_RETRY_SECONDS = 15
# How soon to look whether it is known what became of the card before.
_CARD_RETRY_SECONDS = 1


async def assign_ticket(
    context: StepContext, ticket: Ticket, _leased_step: PendingStep
) -> TicketUpdate:
    """Offer the ticket to the person who fits best.

    Raises:
        NotNow: there is nobody, or the card of the offer before may have been sent and is not noted
            yet; the ticket waits, and no attempt is used up.
    """
    # Who asked may have found the answer meanwhile.
    if ticket.status is not Status.TRIAGED:
        return no_change
    # A new offer is all that the step would see, and the card would be forgotten.
    if (card := ticket.find_step(Step.DM_ASSIGNEE)) and card.tries and card.due:
        why = "it is not known yet whether the card of the last offer was sent"
        raise RetryLater(why, retry_after_seconds=_CARD_RETRY_SECONDS, uses_attempt=False)
    people, configuration = await load_candidates(context.service, ticket.team_id)
    listed = with_current_skills(ticket, configuration.vocabulary)
    choice = choose_assignee(
        listed, people, now=clock(), review_reason=reason_for_admin_review(ticket, configuration)
    )
    if choice is None:
        raise RetryLater(
            "there is no moderator or admin with room for it: see `/ticket admin`, ADMIN_SLACK_IDS",
            retry_after_seconds=NO_ASSIGNEE_RETRY_SECONDS,
            uses_attempt=False,
        )
    chosen, reason = choice.member.slack_id, choice.reason
    context.service.workload.count_offer(ticket.team_id, chosen)

    def offered(current: Ticket, now: datetime) -> Ticket:
        return workflow.transition(
            with_current_skills(current, configuration.vocabulary),
            Move.OFFER,
            actor=None,
            now=now,
            event_reason=reason,
            assignee=chosen,
            offered_to=chosen,
            reason=reason,
            offers=current.offers + 1,
        )

    return offered
