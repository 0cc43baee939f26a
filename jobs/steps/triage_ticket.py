"""A ticket is read: Gemini, or the built-in engine, says what it is about and what it needs."""

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Any

from jobs.engines.gemini import GeminiFailure, PermanentGeminiFailure
from jobs.runner.step_runner import StepContext
from jobs.steps.answer_incident import join_incident
from jobs.triage.gemini_triage import triage_with_gemini
from jobs.triage.priority_rules import min_priority
from models.engine import keyword_engine, prompt_injection
from models.errors import RetryLater
from models.ticket_service import TicketUpdate
from models.tickets import workflow
from models.tickets.pending_step import PendingStep, Step
from models.tickets.ticket import Status, Ticket
from models.tickets.workflow import Move
from models.triage.result import Triage
from models.triage.similarity import MIN_SIMILARITY
from models.triage.taxonomy import Taxonomy

# How soon Gemini is asked again, after it has failed.
_RETRIAGE_DELAY = timedelta(seconds=30)
_BREAKER_OPEN_REASON = "Gemini has not answered for a while"
log = logging.getLogger(__name__)


async def triage_ticket(
    context: StepContext, ticket: Ticket, _leased_step: PendingStep
) -> TicketUpdate:
    """Triage the ticket; the built-in engine never fails, so every ticket goes on."""
    configuration = await context.service.store.configuration(ticket.team_id)
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


def reason_not_to_ask_ai(context: StepContext, ticket: Ticket, taxonomy: Taxonomy) -> str:
    """Why Gemini is not asked at all; "" when it is."""
    if context.gemini is None:
        return "no Gemini key is set"
    if ticket.confidential:
        return "confidential tickets stay in the house"
    if category := keyword_engine.find_private_category(ticket, taxonomy):
        return f"tickets about {category.name} are never sent to an AI"
    return (
        prompt_injection.INJECTION_REASON
        if prompt_injection.contains_injection(ticket.text)
        else ""
    )


async def compute_triage(context: StepContext, ticket: Ticket, taxonomy: Taxonomy) -> Triage:
    """What Gemini says, or the built-in engine; no priority below the least that rules demand."""
    said = await _triage_with_fallback(context, ticket, taxonomy)
    return keyword_engine.with_priority_floor(
        said, ticket, taxonomy, floor=await min_priority(context, ticket)
    )


async def _triage_with_fallback(context: StepContext, ticket: Ticket, taxonomy: Taxonomy) -> Triage:
    if why := reason_not_to_ask_ai(context, ticket, taxonomy):
        return await _triage_with_builtin(context, ticket, taxonomy, why)
    try:
        return await triage_with_gemini(context, ticket, taxonomy)
    except (GeminiFailure, RetryLater) as failed:
        log.warning("%s: the built-in engine triages: %s", ticket.id, failed)
        why = _BREAKER_OPEN_REASON if isinstance(failed, RetryLater) else str(failed)
        triage = await _triage_with_builtin(context, ticket, taxonomy, why)
        return triage.model_copy(update={"stopgap": not isinstance(failed, PermanentGeminiFailure)})


async def _triage_with_builtin(
    context: StepContext, ticket: Ticket, taxonomy: Taxonomy, reason: str
) -> Triage:
    """The built-in engine's triage."""
    plain = prompt_injection.strip_instructions(ticket)
    said = await context.model_cache.triage(
        context.service.training_store, plain, taxonomy, reason=reason
    )
    return prompt_injection.with_warning(said, ticket)
