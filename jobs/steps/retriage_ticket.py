"""Gemini is back: a ticket that was triaged without it, and that nobody has touched, is read again.

Nobody gets a message for it, and who has the ticket keeps it; the cards are drawn anew.
"""

import logging
from datetime import datetime

from jobs.engines.gemini import GeminiFailure, PermanentGeminiFailure
from jobs.runner.retry_policies import RETRY_POLICIES
from jobs.runner.step_context import StepContext, no_change
from jobs.triage.compute_triage import reason_not_to_ask_ai
from jobs.triage.gemini_triage import triage_with_gemini
from jobs.triage.priority_rules import min_priority
from models.admin.taxonomy import with_current_skills
from models.engine import keyword_engine
from models.errors import Conflict, RetryLater
from models.tickets import workflow
from models.tickets.pending_step import PendingStep, Step
from models.tickets.ticket import Ticket, TicketUpdate
from models.tickets.workflow import TRANSITIONS, Move

log = logging.getLogger(__name__)


async def retriage_ticket(
    context: StepContext, ticket: Ticket, leased_step: PendingStep
) -> TicketUpdate:
    """Ask Gemini once more, and put what it says in the place of what stood in for it.

    Raises:
        NotNow: it does not answer yet.
    """
    configuration = await context.service.taxonomies.get_taxonomy(ticket.team_id)
    if not _is_untouched(ticket) or reason_not_to_ask_ai(context, ticket, configuration):
        return no_change
    try:
        triage = await triage_with_gemini(context, ticket, configuration)
    except (GeminiFailure, RetryLater) as failed:
        # That is nothing to tell an admin of: the ticket has its triage.
        if isinstance(failed, PermanentGeminiFailure) or _is_last_attempt(leased_step):
            log.warning("%s: the built-in engine's triage stays: %s", ticket.id, failed)
            return no_change
        # While Gemini is let rest, too, the pauses between tries grow: many tickets may wait.
        raise RetryLater(str(failed)) from failed
    raised = keyword_engine.with_priority_floor(
        triage, ticket, configuration, floor=await min_priority(context, ticket)
    )
    # An answer takes seconds, in which the list may have changed.
    vocabulary = (await context.service.taxonomies.get_taxonomy(ticket.team_id)).vocabulary

    def triaged(current: Ticket, now: datetime) -> Ticket:
        if not _is_untouched(current):
            raise Conflict(f"{current.id} is in somebody's hands")
        moved = workflow.transition(current, Move.RETRIAGE, actor=None, now=now, triage=raised)
        return with_current_skills(moved, vocabulary)

    return triaged


def _is_untouched(ticket: Ticket) -> bool:
    """Whether the triage is still the one that stood in for Gemini, and nobody works by it."""
    stopgap = ticket.triage is not None and ticket.triage.stopgap
    return (
        stopgap
        and ticket.original_triage is None
        and ticket.status in TRANSITIONS[Move.RETRIAGE].from_statuses
    )


def _is_last_attempt(leased_step: PendingStep) -> bool:
    return leased_step.attempts + 1 >= RETRY_POLICIES[Step.RETRIAGE].max_attempts
