"""Gemini as an engine for `frontdesk eval`, asked in the same way as for real tickets.

Prompt, redaction, rate limits, token budget and AI request log are the same. If Gemini may not
read a ticket or does not answer, the built-in engine predicts, as it would triage.
"""

import asyncio
from collections.abc import Callable, Sequence

import numpy as np

from jobs.engines.gemini import Gemini, GeminiFailure
from jobs.evaluation.replay import Predictions, Predictor, builtin_predictor
from jobs.triage.gemini_triage import GeminiTriage, PrivacyUnknown, TokenBudgetExhausted
from jobs.triage.services import TriageServices
from jobs.triage.ticket_reader import TicketReader
from models.clock import utc_now
from models.engine.classifier import LabelledText
from models.errors import RetryLater
from models.services import open_connections
from models.settings import read_settings
from models.tickets.ticket import Ticket
from models.triage.result import Category, Engine, Priority, Triage
from models.triage.taxonomy import DEFAULT_TAXONOMY, Taxonomy
from models.triage.training_example import TrainingExample

_TIMEOUT_SECONDS = 8
# Concurrent requests; rate limits may hold back some of them.
_MAX_IN_FLIGHT = 4
# The attempts for a request that is held back.
_MAX_TRIES = 60
_MAX_TITLE_LENGTH = 150


def gemini_predictor(
    team_id: str,
    report_progress: Callable[[float], None],
    categories: Sequence[Category],
    examples: Sequence[LabelledText],
) -> Predictor:
    """Gemini, with few-shot examples selected from the training examples.

    Args:
        team_id: the workspace whose token budget is used.
        report_progress: called after each ticket, with its share of all tickets.
        categories: the categories to choose from.
        examples: the training examples.
    """
    taxonomy = Taxonomy(categories=tuple(categories), skills=DEFAULT_TAXONOMY.skills)
    training_examples = [
        _to_training_example(team_id, number, example) for number, example in enumerate(examples)
    ]
    predict_builtin = builtin_predictor(categories, examples)

    def predict(texts: Sequence[str]) -> Predictions:
        try:
            triages = asyncio.run(
                _triage_all(team_id, texts, taxonomy, training_examples, report_progress)
            )
        except TokenBudgetExhausted as error:
            raise SystemExit(f"{error}: see GEMINI_TOKENS_PER_DAY.") from error
        fallback = predict_builtin(texts)
        labels = [
            triage.category if triage else label
            for triage, label in zip(triages, fallback.labels, strict=True)
        ]
        confidence = [
            triage.confidence if triage else float(builtin_confidence)
            for triage, builtin_confidence in zip(triages, fallback.confidence, strict=True)
        ]
        tokens = sum(triage.tokens for triage in triages if triage)
        return Predictions(labels, np.array(confidence), tokens)

    return predict


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
    semaphore = asyncio.Semaphore(_MAX_IN_FLIGHT)
    async with open_connections(
        settings,
        database_timeout_seconds=_TIMEOUT_SECONDS,
        slack_timeout_seconds=_TIMEOUT_SECONDS,
        interactive=False,
    ) as connections:
        services = TriageServices(connections, model)

        async def triage_text(number: int, text: str) -> Triage | None:
            async with semaphore:
                ticket = _to_ticket(team_id, number, text)
                triage = await _triage_or_none(
                    ticket,
                    taxonomy,
                    training_examples,
                    ticket_reader=services.ticket_reader,
                    gemini_triage=services.gemini_triage,
                )
            report_progress(1 / len(texts))
            return triage

        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(triage_text(number, text))
                    for number, text in enumerate(texts)
                ]
        except* TokenBudgetExhausted as errors:
            budget_error = errors.exceptions[0]
        else:
            return [task.result() for task in tasks]
        finally:
            model.close()
    raise budget_error


async def _triage_or_none(
    ticket: Ticket,
    taxonomy: Taxonomy,
    training_examples: Sequence[TrainingExample],
    *,
    ticket_reader: TicketReader,
    gemini_triage: GeminiTriage,
) -> Triage | None:
    """Gemini's triage; None if Gemini may not read the ticket or does not answer.

    Raises:
        TokenBudgetExhausted: the day's tokens are used up; the evaluation would be incomplete.
    """
    for _ in range(_MAX_TRIES):
        reading = await ticket_reader.read(ticket, taxonomy)
        try:
            return await gemini_triage.triage(reading, training_examples=training_examples)
        except RetryLater as error:
            await asyncio.sleep(error.retry_after_seconds or 1)
        except PrivacyUnknown:
            await asyncio.sleep(1)
        except TokenBudgetExhausted:
            raise
        except GeminiFailure:
            return None
    return None


def _to_ticket(team_id: str, number: int, text: str) -> Ticket:
    title, _, description = text.partition("\n")
    return Ticket(
        id=f"eval-{number}",
        team_id=team_id,
        key=f"eval-{number}",
        requester="",
        title=title[:_MAX_TITLE_LENGTH],
        description=title[_MAX_TITLE_LENGTH:] + description,
        urgency=None,
        confidential=False,
        opened_at=utc_now(),
    )


def _to_training_example(team_id: str, number: int, example: LabelledText) -> TrainingExample:
    """A training example with the known category, and defaults in all other fields."""
    triage = Triage(
        category=example.label,
        priority=Priority.NORMAL,
        summary="",
        engine=Engine.BUILTIN,
        confidence=0,
    )
    return TrainingExample(
        ticket_id=f"example-{number}",
        team_id=team_id,
        text=example.text,
        original_triage=triage,
        category=example.label,
        priority=Priority.NORMAL,
        by="",
        at=utc_now(),
    )
