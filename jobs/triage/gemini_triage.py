"""Triages a ticket with Gemini, within the token budget, and checks the answer by keywords."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from jobs.engines.few_shot_examples import MAX_CANDIDATES
from jobs.engines.gemini import (
    MAX_OUTPUT_TOKENS,
    Gemini,
    GeminiAnswer,
    GeminiFailure,
    PermanentGeminiFailure,
)
from jobs.engines.prompt import GeminiRequest, Prompt, build_request, parse_answer
from jobs.engines.trained_engine import ModelCache
from models.engine import keyword_engine, prompt_injection
from models.engine.ai_request_log import AiRequestLog
from models.engine.ticket_reading import TicketReading
from models.engine.training_store import TrainingStore
from models.infra.optional_work import optional
from models.infra.outbound_calls import ExternalService, OutboundCalls
from models.settings import Settings
from models.text import clip
from models.triage.result import MIN_CONFIDENCE, Triage
from models.triage.training_example import TrainingExample
from models.workspace.settings_store import SettingsStore

# A token has at least three characters, so this overestimates the tokens of a request.
_CHARACTERS_PER_TOKEN = 3
# The confidence at which the keyword engine overrules Gemini: that of three keywords which all
# point to one category. If the text names Gemini's category: that of any keyword.
_MIN_CONFIDENCE, _MIN_CONFIDENCE_IF_NAMED = 0.85, 0.1


class NotSentToGemini(PermanentGeminiFailure):
    """Gemini may not read this ticket."""


class PrivacyUnknown(GeminiFailure):
    """The trained model does not know yet whether the ticket may be in a private category."""


class TokenBudgetExhausted(PermanentGeminiFailure):
    """The tokens of the day are used up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GeminiTriage:
    """Triages tickets with Gemini; without a key, `gemini` is None and every call is refused."""

    gemini: Gemini | None
    settings: Settings
    workspace_settings: SettingsStore
    outbound_calls: OutboundCalls
    ai_request_log: AiRequestLog
    training_store: TrainingStore
    model_cache: ModelCache

    async def triage(
        self,
        reading: TicketReading,
        *,
        training_examples: Sequence[TrainingExample] | None = None,
        shadow_prompt: Prompt | None = None,
    ) -> Triage:
        """The triage by Gemini, unless the keywords of the text contradict it.

        Args:
            reading: the ticket to triage.
            training_examples: examples to select from, in place of the workspace's own.
            shadow_prompt: a prompt to use in place of the active one. It may use at most half of
                the day's tokens.

        Raises:
            GeminiFailure: Gemini may not read the ticket, does not answer, or the day's tokens are
                used up.
            RetryLater: calls to Gemini are paused.
        """
        gemini = self._require_permission(reading)
        if training_examples is None:
            ticket = reading.ticket
            training_examples = await optional(
                self.training_store.latest(ticket.team_id, limit=MAX_CANDIDATES),
                default=[],
                name=f"few-shot examples for {ticket.id}",
            )
        request = build_request(reading, training_examples, shadow_prompt)
        max_tokens = self.settings.gemini_tokens_per_day // (2 if shadow_prompt else 1)
        triage = await self._triage_within_budget(
            gemini, reading, request, max_tokens_per_day=max_tokens
        )
        priority = keyword_engine.apply_urgency_hint(triage.priority, reading.ticket.urgency)
        triage = reconcile_with_keywords(triage.model_copy(update={"priority": priority}), reading)
        return await self._with_second_category(triage, reading)

    def _require_permission(self, reading: TicketReading) -> Gemini:
        """Gemini, if it may read the ticket; all requests about tickets pass here."""
        if self.gemini is None:
            raise NotSentToGemini("no Gemini key is set")
        if reading.reason_not_to_send:
            raise NotSentToGemini(reading.reason_not_to_send)
        if not reading.is_privacy_known:
            raise PrivacyUnknown("the built-in engine still learns which tickets are private")
        return self.gemini

    async def _with_second_category(self, triage: Triage, reading: TicketReading) -> Triage:
        """The triage; if its confidence is low, the built-in engine adds a second category."""
        if triage.second or triage.confidence >= MIN_CONFIDENCE:
            return triage
        builtin_triage = await self.model_cache.triage(reading, reason="")
        names = (builtin_triage.category, builtin_triage.second)
        others = [name for name in names if name not in {"", triage.category}]
        return triage.model_copy(update={"second": others[0]}) if others else triage

    async def _triage_within_budget(
        self,
        gemini: Gemini,
        reading: TicketReading,
        request: GeminiRequest,
        *,
        max_tokens_per_day: int,
    ) -> Triage:
        """Gemini's triage, if the day has enough tokens left.

        Raises:
            GeminiFailure: Gemini does not answer, or the tokens are used up.
            RetryLater: calls to Gemini are paused.
        """
        team_id = reading.ticket.team_id
        characters = len(request.instruction) + len(request.text) + len(str(request.schema))
        input_tokens = characters // _CHARACTERS_PER_TOKEN
        reserved = input_tokens + MAX_OUTPUT_TOKENS
        token_budget = self.outbound_calls.token_budget
        if not await token_budget.reserve(team_id, reserved, daily_limit=max_tokens_per_day):
            raise TokenBudgetExhausted("today's tokens for Gemini are used up")
        used = 0
        try:
            async with self.outbound_calls.call(ExternalService.GEMINI, "generateContent"):
                # If the call fails, its input still counts: Google may have read it.
                used = input_tokens
                triage = await self._log_and_ask(gemini, reading, request)
                used = triage.tokens
        finally:
            await token_budget.settle(team_id, reserved=reserved, used=used)
        return triage

    async def _log_and_ask(
        self, gemini: Gemini, reading: TicketReading, request: GeminiRequest
    ) -> Triage:
        """Gemini's triage; the request is logged before it is sent."""
        started_at = time.monotonic()
        hosts = (await self.workspace_settings.load(reading.ticket.team_id)).allowed_link_hosts
        await self.ai_request_log.add(
            ticket_id=reading.ticket.id,
            team_id=reading.ticket.team_id,
            model=gemini.model,
            prompt=request.prompt_version,
            instruction=request.instruction,
            text=request.text,
        )

        def parse(answer: GeminiAnswer) -> Triage:
            triage = parse_answer(
                answer.text, reading.taxonomy, request.redacted, allowed_hosts=hosts
            )
            return triage.model_copy(update={"tokens": answer.tokens})

        triage = await gemini.ask(request, parse)
        milliseconds = round((time.monotonic() - started_at) * 1000)
        return triage.model_copy(
            update={"model": gemini.model, "prompt": request.prompt_version, "ms": milliseconds}
        )


def reconcile_with_keywords(triage: Triage, reading: TicketReading) -> Triage:
    """Gemini's triage, or the category of the keywords if they clearly point elsewhere.

    If the text names Gemini's category, any keyword that points elsewhere is enough: Gemini may
    have obeyed the text.
    """
    by_keywords, min_confidence = reading.keyword_triage, _MIN_CONFIDENCE
    if reading.injection_scan.contains_label(triage.category):
        ticket = prompt_injection.without_label(reading.ticket, triage.category)
        by_keywords = keyword_engine.triage(ticket, reading.taxonomy)
        min_confidence = _MIN_CONFIDENCE_IF_NAMED
    if by_keywords.category == triage.category or by_keywords.confidence < min_confidence:
        return triage
    notes = (
        f"Gemini chose {triage.category}, but the keywords point to {by_keywords.category}. "
        f"{triage.notes}"
    )
    changes = {
        "category": by_keywords.category,
        "skills": by_keywords.skills,
        "second": triage.category,
        # Gemini's confidence belongs to the category that it chose.
        "confidence": by_keywords.confidence,
        "notes": clip(notes, 1500),
    }
    return triage.model_copy(update=changes)
