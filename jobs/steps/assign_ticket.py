"""The step that offers a triaged ticket to the best moderator, or to an admin if nobody fits."""

from datetime import datetime

from jobs.runner.step_function import no_change
from models.admin.taxonomy import with_current_skills
from models.assignment.candidates import CandidateList
from models.assignment.matching import choose_assignee, reason_for_admin_review
from models.assignment.workload import Workload
from models.clock import utc_now as clock
from models.errors import RetryLater
from models.tickets import workflow
from models.tickets.actions import Verb
from models.tickets.pending_step import PendingStep, Step
from models.tickets.ticket import Status, Ticket, TicketUpdate

# The delay while nobody can take the ticket. An admin may add a moderator meanwhile.
NO_ASSIGNEE_RETRY_SECONDS = 15
# The delay while the outcome of the previous offer card is unknown.
_CARD_RETRY_SECONDS = 1


async def assign_ticket(
    ticket: Ticket, _leased_step: PendingStep, *, workload: Workload, candidate_list: CandidateList
) -> TicketUpdate:
    """Offer the ticket to the person who fits best.

    Raises:
        RetryLater: nobody can take the ticket, or the previous offer card may have been sent and
            is not stored yet. The ticket waits, and no attempt is used.
    """
    # The requester may have resolved the ticket meanwhile.
    if ticket.status is not Status.TRIAGED:
        return no_change
    # The card step only sees the newest offer, so it would forget the earlier card.
    if (card := ticket.find_step(Step.DM_ASSIGNEE)) and card.tries and card.due:
        reason = "the outcome of the previous offer card is unknown"
        raise RetryLater(reason, retry_after_seconds=_CARD_RETRY_SECONDS, uses_attempt=False)
    candidates, taxonomy = await candidate_list.load(ticket.team_id)
    choice = choose_assignee(
        with_current_skills(ticket, taxonomy.vocabulary),
        candidates,
        now=clock(),
        review_reason=reason_for_admin_review(ticket, taxonomy),
    )
    if choice is None:
        raise RetryLater(
            "no moderator or admin can take the ticket: see `/ticket admin`, ADMIN_SLACK_IDS",
            retry_after_seconds=NO_ASSIGNEE_RETRY_SECONDS,
            uses_attempt=False,
        )
    assignee, reason = choice.member.slack_id, choice.reason
    workload.count_offer(ticket.team_id, assignee)

    def offer(current: Ticket, now: datetime) -> Ticket:
        return workflow.transition(
            with_current_skills(current, taxonomy.vocabulary),
            Verb.OFFER,
            actor=None,
            now=now,
            event_reason=reason,
            assignee=assignee,
            offered_to=assignee,
            reason=reason,
            offers=current.offers + 1,
        )

    return offer


STEPS = {Step.ASSIGN: assign_ticket}
