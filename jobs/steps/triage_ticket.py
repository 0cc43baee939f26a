"""The step that triages a new ticket with Gemini or the built-in engine."""

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Any

from jobs.runner.step_context import StepContext
from jobs.steps.answer_incident import join_incident
from jobs.triage.compute_triage import compute_triage
from models.tickets import workflow
from models.tickets.action import Verb
from models.tickets.pending_step import PendingStep, Step
from models.tickets.ticket import Status, Ticket, TicketUpdate
from models.triage.similarity import MIN_SIMILARITY

# The delay before Gemini is asked again after a failure.
_RETRIAGE_DELAY = timedelta(seconds=30)
log = logging.getLogger(__name__)


async def triage_ticket(
    context: StepContext, ticket: Ticket, _leased_step: PendingStep
) -> TicketUpdate:
    """Triage the ticket. The built-in engine never fails, so every ticket gets a triage."""
    taxonomy = await context.service.taxonomies.get_taxonomy(ticket.team_id)
    # All at the same time, because Gemini alone may use most of the attempt's time.
    triage, similar, incident = await asyncio.gather(
        compute_triage(context, ticket, taxonomy),
        context.service.search.similar_solved_tickets(ticket, min_score=MIN_SIMILARITY),
        join_incident(context, ticket),
    )

    def store_triage(current: Ticket, now: datetime) -> Ticket:
        if current.status is not Status.NEW and current.triage is None:
            # The requester has resolved the ticket meanwhile, and may reopen it.
            return current.model_copy(update={"triage": triage, "similar": similar})
        changes: dict[str, Any] = {"similar": similar, "incident": current.incident or incident}
        after = workflow.transition(
            current, Verb.TRIAGE, actor=None, now=now, triage=triage, **changes
        )
        if triage.stopgap:
            return after.with_step(Step.RETRIAGE, due=now + _RETRIAGE_DELAY)
        return after

    return store_triage
