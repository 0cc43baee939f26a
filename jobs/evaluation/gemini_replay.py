"""Gemini, replayed by `frontdesk eval` over known tickets, the same way as it triages.

The same prompt, redaction, gate, budget and record of what was sent; what no AI may read, or what
Gemini does not answer, is told by the built-in engine, as it would be.
"""

import asyncio
from collections.abc import Callable, Sequence

import numpy as np

from jobs.engines.gemini import Gemini, GeminiFailure
from jobs.evaluation.replay import Predictions, Predictor
from jobs.evaluation.replay import builtin_predictor as by_words
from jobs.runner.step_context import StepContext
from jobs.triage.compute_triage import reason_not_to_ask_ai
from jobs.triage.gemini_triage import TokenBudgetExhausted, triage_with_gemini
from models.clock import utc_now
from models.engine.classifier import LabelledText
from models.errors import RetryLater
from models.open_app import open_app
from models.settings import read_settings
from models.tickets.ticket import Ticket
from models.triage.result import Category, Engine, Priority, Triage
from models.triage.taxonomy import DEFAULT_TAXONOMY, Taxonomy
from models.triage.training_example import TrainingExample

_TIMEOUT_SECONDS = 8
# At once; the gate keeps back what is too much.
_MAX_IN_FLIGHT = 4
# How often one that is kept back is asked again.
_MAX_TRIES = 60
_MAX_TITLE_LENGTH = 150


def gemini_predictor(
    team_id: str,
    report_progress: Callable[[float], None],
    categories: Sequence[Category],
    examples: Sequence[LabelledText],
) -> Predictor:
    """Gemini, with examples picked from those that were learnt.

    Args:
        team_id: whose tokens it takes.
        ticked: is told of each ticket, as a share of all.
    """
    configuration = Taxonomy(categories=tuple(categories), skills=DEFAULT_TAXONOMY.skills)
    lessons = [_to_training_example(team_id, at, each) for at, each in enumerate(examples)]
    otherwise = by_words(categories, examples)

    def answer(texts: Sequence[str]) -> Predictions:
        try:
            said = asyncio.run(_triage_all(team_id, texts, configuration, lessons, report_progress))
        except TokenBudgetExhausted as failed:
            raise SystemExit(f"{failed}: see GEMINI_TOKENS_PER_DAY.") from failed
        instead = otherwise(texts)
        labels = [one.category if one else instead.labels[at] for at, one in enumerate(said)]
        sure = [one.confidence if one else instead.confidence[at] for at, one in enumerate(said)]
        return Predictions(labels, np.array(sure), sum(one.tokens for one in said if one))

    return answer


async def _triage_all(
    team_id: str,
    texts: Sequence[str],
    taxonomy: Taxonomy,
    training_examples: Sequence[TrainingExample],
    report_progress: Callable[[float], None],
) -> list[Triage | None]:
    settings = read_settings()
    model = Gemini.from_settings(settings)
    if model is None:
        raise SystemExit("Set GEMINI_API_KEY to replay Gemini.")
    room = asyncio.Semaphore(_MAX_IN_FLIGHT)
    async with open_app(
        settings,
        database_timeout_seconds=_TIMEOUT_SECONDS,
        slack_timeout_seconds=_TIMEOUT_SECONDS,
        interactive=False,
    ) as service:
        tools = StepContext(service=service, gemini=model)

        async def one(at: int, text: str) -> Triage | None:
            async with room:
                said = await _triage_or_none(
                    tools, _to_ticket(team_id, at, text), taxonomy, training_examples
                )
            report_progress(1 / len(texts))
            return said

        try:
            async with asyncio.TaskGroup() as group:
                asked = [group.create_task(one(at, text)) for at, text in enumerate(texts)]
        except* TokenBudgetExhausted as failed:
            used_up = failed.exceptions[0]
        else:
            return [task.result() for task in asked]
        finally:
            model.close()
    raise used_up


async def _triage_or_none(
    context: StepContext,
    ticket: Ticket,
    taxonomy: Taxonomy,
    training_examples: Sequence[TrainingExample],
) -> Triage | None:
    """What Gemini says; None where it is not asked, or does not answer.

    Raises:
        NoTokens: the day's tokens are used up, so that what comes after would say nothing.
    """
    if reason_not_to_ask_ai(context, ticket, taxonomy):
        return None
    for _ in range(_MAX_TRIES):
        try:
            return await triage_with_gemini(
                context, ticket, taxonomy, training_examples=training_examples
            )
        except RetryLater as kept_back:
            await asyncio.sleep(kept_back.retry_after_seconds or 1)
        except TokenBudgetExhausted:
            raise
        except GeminiFailure:
            return None
    return None


def _to_ticket(team_id: str, number: int, text: str) -> Ticket:
    title, _, rest = text.partition("\n")
    return Ticket(
        id=f"eval-{number}",
        team_id=team_id,
        key=f"eval-{number}",
        requester="",
        title=title[:_MAX_TITLE_LENGTH],
        description=title[_MAX_TITLE_LENGTH:] + rest,
        urgency=None,
        confidential=False,
        opened_at=utc_now(),
    )


def _to_training_example(team_id: str, number: int, example: LabelledText) -> TrainingExample:
    """An example as a lesson; nothing is known of it but its category."""
    said = Triage(
        category=example.label,
        priority=Priority.NORMAL,
        summary="",
        engine=Engine.BUILTIN,
        confidence=0,
    )
    return TrainingExample(
        ticket_id=f"lesson-{number}",
        team_id=team_id,
        text=example.text,
        original_triage=said,
        category=example.label,
        priority=Priority.NORMAL,
        by="",
        at=utc_now(),
    )
