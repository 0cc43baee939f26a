"""Computes the triage of a ticket, by Gemini or the built-in engine, without storing it."""

import logging

from jobs.engines.gemini import GeminiFailure, PermanentGeminiFailure
from jobs.runner.step_context import StepContext
from jobs.triage.gemini_triage import triage_with_gemini
from jobs.triage.priority_rules import min_priority
from models.engine import keyword_engine, prompt_injection
from models.errors import RetryLater
from models.tickets.ticket import Ticket
from models.triage.result import Triage
from models.triage.taxonomy import Taxonomy

_BREAKER_OPEN_REASON = "Gemini has not answered for a while"
log = logging.getLogger(__name__)


async def compute_triage(context: StepContext, ticket: Ticket, taxonomy: Taxonomy) -> Triage:
    """The triage by Gemini, or else by the built-in engine, raised to the minimum priority."""
    triage = await _triage_with_fallback(context, ticket, taxonomy)
    return keyword_engine.with_priority_floor(
        triage, ticket, taxonomy, floor=await min_priority(context, ticket)
    )


def reason_not_to_ask_ai(context: StepContext, ticket: Ticket, taxonomy: Taxonomy) -> str:
    """Why Gemini may not read this ticket; "" if it may."""
    if context.gemini is None:
        return "no Gemini key is set"
    if ticket.confidential:
        return "confidential tickets are not sent to AI"
    if category := keyword_engine.find_private_category(ticket, taxonomy):
        return f"tickets about {category.name} are never sent to AI"
    return (
        prompt_injection.INJECTION_REASON
        if prompt_injection.contains_injection(ticket.text)
        else ""
    )


async def _triage_with_fallback(context: StepContext, ticket: Ticket, taxonomy: Taxonomy) -> Triage:
    if reason := reason_not_to_ask_ai(context, ticket, taxonomy):
        return await _triage_with_builtin(context, ticket, taxonomy, reason)
    try:
        return await triage_with_gemini(context, ticket, taxonomy)
    except (GeminiFailure, RetryLater) as error:
        log.warning("%s: the built-in engine triages this ticket: %s", ticket.id, error)
        reason = _BREAKER_OPEN_REASON if isinstance(error, RetryLater) else str(error)
        triage = await _triage_with_builtin(context, ticket, taxonomy, reason)
        return triage.model_copy(update={"stopgap": not isinstance(error, PermanentGeminiFailure)})


async def _triage_with_builtin(
    context: StepContext, ticket: Ticket, taxonomy: Taxonomy, reason: str
) -> Triage:
    stripped = prompt_injection.strip_instructions(ticket)
    triage = await context.model_cache.triage(
        context.service.training_store, stripped, taxonomy, reason=reason
    )
    return prompt_injection.with_warning(triage, ticket)
