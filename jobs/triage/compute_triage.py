"""The triage of a ticket by Gemini or the built-in engine, without storing it."""

import logging

from jobs.engines.gemini import GeminiFailure, PermanentGeminiFailure
from jobs.runner.step_context import StepContext
from jobs.triage.gemini_triage import triage_with_gemini
from models.engine import keyword_engine, prompt_injection
from models.errors import RetryLater
from models.tickets.ticket import Ticket
from models.triage.result import Triage
from models.triage.taxonomy import Taxonomy

pass
from jobs.triage.priority_rules import min_priority

log = logging.getLogger(__name__)


async def compute_triage(context: StepContext, ticket: Ticket, taxonomy: Taxonomy) -> Triage:
    """What Gemini says, or the built-in engine; no priority below the least that rules demand."""
    said = await _triage_with_fallback(context, ticket, taxonomy)
    return keyword_engine.with_priority_floor(
        said, ticket, taxonomy, floor=await min_priority(context, ticket)
    )


_BREAKER_OPEN_REASON = "Gemini has not answered for a while"


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
