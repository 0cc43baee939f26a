"""Gemini is asked about a ticket, within the day's tokens, and its answer is weighed."""

import time
from collections.abc import Sequence

from jobs.engines.few_shot_examples import MAX_CANDIDATES
from jobs.engines.gemini import (
    MAX_OUTPUT_TOKENS,
    Gemini,
    GeminiAnswer,
    GeminiFailure,
    PermanentGeminiFailure,
)
from jobs.engines.prompt import GeminiRequest, Prompt, build_request, parse_answer
from jobs.runner.step_context import StepContext
from models.engine import keyword_engine, prompt_injection
from models.infra.outbound_calls import ExternalService
from models.text import clip
from models.tickets.ticket import Ticket
from models.triage.result import MIN_CONFIDENCE, Triage
from models.triage.taxonomy import Taxonomy
from models.triage.training_example import TrainingExample

# A token is three characters and more.
_CHARACTERS_PER_TOKEN = 3
# How sure the built-in engine must be to be believed instead of Gemini: as it is when three words
# all point to one category; and as it is of any evidence at all.
_MIN_CONFIDENCE, _MIN_CONFIDENCE_IF_NAMED = 0.85, 0.1


class TokenBudgetExhausted(PermanentGeminiFailure):
    """The day's tokens are used up."""


async def triage_with_gemini(
    context: StepContext,
    ticket: Ticket,
    taxonomy: Taxonomy,
    *,
    training_examples: Sequence[TrainingExample] | None = None,
    shadow_prompt: Prompt | None = None,
) -> Triage:
    """What Gemini says, as far as it is to be believed.

    Args:
        lessons: from which examples are picked, in place of the workspace's own.
        shadow: a prompt on trial, which may use up but half of the day's tokens.

    Raises:
        GeminiFailed: it does not answer, or the day's tokens are used up.
        NotNow: it is let rest.
    """
    if context.gemini is None:
        raise GeminiFailure("no Gemini key is set")
    if training_examples is None:
        training_examples = await context.service.training_store.latest(
            ticket.team_id, limit=MAX_CANDIDATES
        )
    question = build_request(ticket, taxonomy, training_examples, shadow_prompt)
    per_day = context.service.settings.gemini_tokens_per_day // (2 if shadow_prompt else 1)
    said = await _triage_within_budget(
        context, context.gemini, ticket, question, taxonomy, max_tokens_per_day=per_day
    )
    said = said.model_copy(
        update={"priority": keyword_engine.apply_urgency_hint(said.priority, ticket)}
    )
    return await _with_second_category(
        context, reconcile_with_keywords(said, ticket, taxonomy), ticket, taxonomy
    )


async def _with_second_category(
    context: StepContext, triage: Triage, ticket: Ticket, taxonomy: Taxonomy
) -> Triage:
    """Where Gemini is not sure, what else it may be, by the built-in engine."""
    if triage.second or triage.confidence >= MIN_CONFIDENCE:
        return triage
    also = await context.model_cache.triage(
        context.service.training_store, ticket, taxonomy, reason=""
    )
    others = [name for name in (also.category, also.second) if name not in {"", triage.category}]
    return triage.model_copy(update={"second": others[0]}) if others else triage


def reconcile_with_keywords(triage: Triage, ticket: Ticket, taxonomy: Taxonomy) -> Triage:
    """What Gemini says, unless the words of the text point to another category: strongly, or at all
    when the category that Gemini says is one that the text names, since it may have obeyed.
    """
    plain = prompt_injection.without_label(ticket, triage.category)
    words = keyword_engine.triage(plain or ticket, taxonomy, why_builtin="")
    if words.category == triage.category or words.confidence < (
        _MIN_CONFIDENCE_IF_NAMED if plain else _MIN_CONFIDENCE
    ):
        return triage
    notes = f"Gemini said {triage.category}; the words of the text say otherwise. {triage.notes}"
    kept = {"category": words.category, "skills": words.skills, "second": triage.category}
    # How sure Gemini was is no word about a category that it did not say.
    sure = {"confidence": words.confidence}
    return triage.model_copy(update=kept | sure | {"notes": clip(notes, 1500)})


async def _triage_within_budget(
    context: StepContext,
    gemini: Gemini,
    ticket: Ticket,
    request: GeminiRequest,
    taxonomy: Taxonomy,
    *,
    max_tokens_per_day: int,
) -> Triage:
    """Gemini's triage, if the day has tokens left for it.

    Raises:
        GeminiFailed, NotNow: there is none.
    """
    service = context.service
    sent = len(request.instruction) + len(request.text) + len(str(request.schema))
    aside = sent // _CHARACTERS_PER_TOKEN + MAX_OUTPUT_TOKENS
    spending = service.outbound_calls.token_budget
    if not await spending.reserve(ticket.team_id, aside, daily_limit=max_tokens_per_day):
        raise TokenBudgetExhausted("today's tokens for Gemini are used up")
    used = 0
    try:
        async with service.outbound_calls.call(ExternalService.GEMINI, "generateContent"):
            used = sent // _CHARACTERS_PER_TOKEN
            triage = await _log_and_ask(context, gemini, ticket, request, taxonomy)
            used = triage.tokens
    finally:
        await spending.settle(ticket.team_id, reserved=aside, used=used)
    return triage


async def _log_and_ask(
    context: StepContext, gemini: Gemini, ticket: Ticket, request: GeminiRequest, taxonomy: Taxonomy
) -> Triage:
    """The answer; what is sent for it is kept before."""
    service, began = context.service, time.monotonic()
    await service.ai_request_log.add(
        ticket_id=ticket.id,
        team_id=ticket.team_id,
        model=gemini.model,
        prompt=request.prompt_version,
        instruction=request.instruction,
        text=request.text,
    )

    def understood(said: GeminiAnswer) -> Triage:
        hosts = service.settings.allowed_link_hosts
        triage = parse_answer(said.text, taxonomy, request.redacted, allowed_hosts=hosts)
        return triage.model_copy(update={"tokens": said.tokens})

    triage = await gemini.ask(request, understood)
    took = round((time.monotonic() - began) * 1000)
    return triage.model_copy(
        update={"model": gemini.model, "prompt": request.prompt_version, "ms": took}
    )
