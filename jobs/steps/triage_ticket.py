"""A ticket is read: Gemini, or the built-in engine, says what it is about and what it needs."""

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Any

from jobs.runner.step_context import StepContext
from jobs.steps.answer_incident import join_incident
from jobs.triage.compute_triage import compute_triage
from models.tickets import workflow
from models.tickets.pending_step import PendingStep, Step
from models.tickets.ticket import Status, Ticket, TicketUpdate
from models.tickets.workflow import Move
from models.triage.similarity import MIN_SIMILARITY

# How soon Gemini is asked again, after it has failed.
_RETRIAGE_DELAY = timedelta(seconds=30)
log = logging.getLogger(__name__)


async def triage_ticket(
    context: StepContext, ticket: Ticket, _leased_step: PendingStep
) -> TicketUpdate:
    """Triage the ticket; the built-in engine never fails, so every ticket goes on."""
    configuration = await context.service.taxonomies.get_taxonomy(ticket.team_id)
    # At once, since Gemini alone may take nearly all the time there is.
    triage, similar, incident = await asyncio.gather(
        compute_triage(context, ticket, configuration),
        context.service.search.similar_solved_tickets(ticket, min_score=MIN_SIMILARITY),
        join_incident(context, ticket),
    )

    def triaged(current: Ticket, now: datetime) -> Ticket:
        if current.status is not Status.NEW and current.triage is None:
            # Who asked has solved it meanwhile, and may still reopen it.
            return current.model_copy(update={"triage": triage, "similar": similar})
        known: dict[str, Any] = {"similar": similar, "incident": current.incident or incident}
        moved = workflow.transition(
            current, Move.TRIAGE, actor=None, now=now, triage=triage, **known
        )
        return (
            moved.with_step(Step.RETRIAGE, due=now + _RETRIAGE_DELAY) if triage.stopgap else moved
        )

    return triaged
