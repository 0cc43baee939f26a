"""Computes the triage of a ticket, by Gemini or the built-in engine, without storing it."""

import logging
from dataclasses import dataclass

from jobs.engines.gemini import GeminiFailure, PermanentGeminiFailure
from jobs.engines.trained_engine import ModelCache
from jobs.triage.gemini_triage import GeminiTriage, NotSentToGemini
from models.engine.ticket_reading import TicketReading
from models.errors import RetryLater
from models.triage.result import Triage

_BREAKER_OPEN_REASON = "Gemini has not answered for a while"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class TriageEngine:
    """Triages with Gemini, or else with the built-in engine."""

    gemini_triage: GeminiTriage
    model_cache: ModelCache

    async def triage(self, reading: TicketReading) -> Triage:
        """The triage by Gemini, or else by the built-in engine, within the workspace's rules."""
        try:
            triage = await self.gemini_triage.triage(reading)
        except (GeminiFailure, RetryLater) as error:
            if not isinstance(error, NotSentToGemini):
                ticket_id = reading.ticket.id
                log.warning("%s: the built-in engine triages this ticket: %s", ticket_id, error)
            triage = await self._triage_with_builtin(reading, error)
        return reading.with_rules(triage)

    async def _triage_with_builtin(self, reading: TicketReading, error: Exception) -> Triage:
        """The built-in engine's triage; a stopgap if Gemini may answer later."""
        reason = _BREAKER_OPEN_REASON if isinstance(error, RetryLater) else str(error)
        triage = await self.model_cache.triage(reading, reason=reason)
        is_stopgap = not isinstance(error, PermanentGeminiFailure)
        return triage.model_copy(update={"stopgap": is_stopgap})
