"""Computes the triage of a ticket, by Gemini or the built-in engine, without storing it."""

import logging

from jobs.engines.gemini import GeminiFailure, PermanentGeminiFailure
from jobs.runner.step_context import StepContext
from jobs.triage.gemini_triage import NotSentToGemini, triage_with_gemini
from models.engine.ticket_reading import TicketReading
from models.errors import RetryLater
from models.triage.result import Triage

_BREAKER_OPEN_REASON = "Gemini has not answered for a while"
log = logging.getLogger(__name__)


async def compute_triage(context: StepContext, reading: TicketReading) -> Triage:
    """The triage by Gemini, or else by the built-in engine, within the workspace's rules."""
    try:
        triage = await triage_with_gemini(context, reading)
    except (GeminiFailure, RetryLater) as error:
        if not isinstance(error, NotSentToGemini):
            ticket_id = reading.ticket.id
            log.warning("%s: the built-in engine triages this ticket: %s", ticket_id, error)
        triage = await _triage_with_builtin(context, reading, error)
    return reading.with_rules(triage)


async def _triage_with_builtin(
    context: StepContext, reading: TicketReading, error: Exception
) -> Triage:
    """The built-in engine's triage; a stopgap if Gemini may answer later."""
    reason = _BREAKER_OPEN_REASON if isinstance(error, RetryLater) else str(error)
    triage = await context.model_cache.triage(
        context.service.training_store, reading, reason=reason
    )
    is_stopgap = not isinstance(error, PermanentGeminiFailure)
    return triage.model_copy(update={"stopgap": is_stopgap})
