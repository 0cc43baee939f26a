"""Gemini, replayed by `frontdesk eval` over known tickets, the same way as it triages.

The same prompt, redaction, gate, budget and record of what was sent; what no AI may read, or what
Gemini does not answer, is told by the built-in engine, as it would be.
"""

import asyncio
from collections.abc import Callable, Sequence

import numpy as np

from jobs.asking import NoTokens, by_gemini
from jobs.evaluation import Answering, Answers
from jobs.evaluation import builtin as by_words
from jobs.gemini import Gemini, GeminiFailed
from jobs.retrying import Tools
from jobs.triage_ticket import kept_in_the_house
from models.classifier import Example
from models.clock import now
from models.configuration import DEFAULT, Configuration
from models.errors import NotNow
from models.lesson import Lesson
from models.opening import open_desk
from models.settings import read_settings
from models.ticket import Ticket
from models.triage import Category, Engine, Priority, Triage

_SECONDS = 8
# At once; the gate keeps back what is too much.
_AT_ONCE = 4
# How often one that is kept back is asked again.
_PATIENCE = 60
_TITLE = 150


def gemini(
    team_id: str,
    ticked: Callable[[float], None],
    categories: Sequence[Category],
    examples: Sequence[Example],
) -> Answering:
    """Gemini, with examples picked from those that were learnt.

    Args:
        team_id: whose tokens it takes.
        ticked: is told of each ticket, as a share of all.
    """
    configuration = Configuration(categories=tuple(categories), skills=DEFAULT.skills)
    lessons = [_lesson(team_id, at, each) for at, each in enumerate(examples)]
    otherwise = by_words(categories, examples)

    def answer(texts: Sequence[str]) -> Answers:
        try:
            said = asyncio.run(_all(team_id, texts, configuration, lessons, ticked))
        except NoTokens as failed:
            raise SystemExit(f"{failed}: see GEMINI_TOKENS_PER_DAY.") from failed
        instead = otherwise(texts)
        labels = [one.category if one else instead.labels[at] for at, one in enumerate(said)]
        sure = [one.confidence if one else instead.sure[at] for at, one in enumerate(said)]
        return Answers(labels, np.array(sure), sum(one.tokens for one in said if one))

    return answer


async def _all(
    team_id: str,
    texts: Sequence[str],
    configuration: Configuration,
    lessons: Sequence[Lesson],
    ticked: Callable[[float], None],
) -> list[Triage | None]:
    settings = read_settings()
    model = Gemini.of(settings)
    if model is None:
        raise SystemExit("Set GEMINI_API_KEY to replay Gemini.")
    room = asyncio.Semaphore(_AT_ONCE)
    async with open_desk(
        settings, database_seconds=_SECONDS, slack_seconds=_SECONDS, hurried=False
    ) as desk:
        tools = Tools(desk=desk, gemini=model)

        async def one(at: int, text: str) -> Triage | None:
            async with room:
                said = await _asked(tools, _ticket(team_id, at, text), configuration, lessons)
            ticked(1 / len(texts))
            return said

        try:
            async with asyncio.TaskGroup() as group:
                asked = [group.create_task(one(at, text)) for at, text in enumerate(texts)]
        except* NoTokens as failed:
            used_up = failed.exceptions[0]
        else:
            return [task.result() for task in asked]
        finally:
            model.close()
    raise used_up


async def _asked(
    tools: Tools, ticket: Ticket, configuration: Configuration, lessons: Sequence[Lesson]
) -> Triage | None:
    """What Gemini says; None where it is not asked, or does not answer.

    Raises:
        NoTokens: the day's tokens are used up, so that what comes after would say nothing.
    """
    if kept_in_the_house(tools, ticket, configuration):
        return None
    for _ in range(_PATIENCE):
        try:
            return await by_gemini(tools, ticket, configuration, lessons=lessons)
        except NotNow as kept_back:
            await asyncio.sleep(kept_back.seconds or 1)
        except NoTokens:
            raise
        except GeminiFailed:
            return None
    return None


def _ticket(team_id: str, at: int, text: str) -> Ticket:
    title, _, rest = text.partition("\n")
    return Ticket(
        id=f"eval-{at}",
        team_id=team_id,
        key=f"eval-{at}",
        requester="",
        title=title[:_TITLE],
        description=title[_TITLE:] + rest,
        urgency=None,
        confidential=False,
        opened_at=now(),
    )


def _lesson(team_id: str, at: int, example: Example) -> Lesson:
    """An example as a lesson; nothing is known of it but its category."""
    said = Triage(
        category=example.label,
        priority=Priority.NORMAL,
        summary="",
        engine=Engine.BUILTIN,
        confidence=0,
    )
    return Lesson(
        ticket_id=f"lesson-{at}",
        team_id=team_id,
        text=example.text,
        said=said,
        category=example.label,
        priority=Priority.NORMAL,
        by="",
        at=now(),
    )
