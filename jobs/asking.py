"""Gemini is asked about a ticket, within the day's tokens, and its answer is weighed."""

import time
from collections.abc import Sequence

from jobs.examples import LOOKED_AT
from jobs.gemini import MAX_OUTPUT_TOKENS, Gemini, GeminiFailed, NoAnswer, Said
from jobs.prompt import Prompt, Question, ask, read
from jobs.retrying import Tools
from models import builtin, wariness
from models.configuration import Configuration
from models.gate import Service
from models.lesson import Lesson
from models.ticket import Ticket
from models.triage import UNSURE_BELOW, Triage
from models.wording import clip

# A token is three characters and more.
_CHARACTERS = 3
# How sure the built-in engine must be to be believed instead of Gemini: as it is when three words
# all point to one category; and as it is of any evidence at all.
_STRONG, _ANY = 0.85, 0.1


class NoTokens(NoAnswer):
    """The day's tokens are used up."""


async def by_gemini(
    tools: Tools,
    ticket: Ticket,
    configuration: Configuration,
    *,
    lessons: Sequence[Lesson] | None = None,
    shadow: Prompt | None = None,
) -> Triage:
    """What Gemini says, as far as it is to be believed.

    Args:
        lessons: from which examples are picked, in place of the workspace's own.
        shadow: a prompt on trial, which may use up but half of the day's tokens.

    Raises:
        GeminiFailed: it does not answer, or the day's tokens are used up.
        NotNow: it is let rest.
    """
    if tools.gemini is None:
        raise GeminiFailed("no Gemini key is set")
    if lessons is None:
        lessons = await tools.desk.lessons.latest(ticket.team_id, limit=LOOKED_AT)
    question = ask(ticket, configuration, lessons, shadow)
    per_day = tools.desk.settings.gemini_tokens_per_day // (2 if shadow else 1)
    said = await _within_the_day(
        tools, tools.gemini, ticket, question, configuration, per_day=per_day
    )
    said = said.model_copy(update={"priority": builtin.hinted(said.priority, ticket)})
    return await _with_second(tools, weighed(said, ticket, configuration), ticket, configuration)


async def _with_second(
    tools: Tools, said: Triage, ticket: Ticket, configuration: Configuration
) -> Triage:
    """Where Gemini is not sure, what else it may be, by the built-in engine."""
    if said.second or said.confidence >= UNSURE_BELOW:
        return said
    also = await tools.learning.triage(tools.desk.lessons, ticket, configuration, why="")
    others = [name for name in (also.category, also.second) if name not in {"", said.category}]
    return said.model_copy(update={"second": others[0]}) if others else said


def weighed(said: Triage, ticket: Ticket, configuration: Configuration) -> Triage:
    """What Gemini says, unless the words of the text point to another category: strongly, or at all
    when the category that Gemini says is one that the text names, since it may have obeyed.
    """
    plain = wariness.without_name(ticket, said.category)
    words = builtin.triage(plain or ticket, configuration, why="")
    if words.category == said.category or words.confidence < (_ANY if plain else _STRONG):
        return said
    notes = f"Gemini said {said.category}; the words of the text say otherwise. {said.notes}"
    kept = {"category": words.category, "skills": words.skills, "second": said.category}
    # How sure Gemini was is no word about a category that it did not say.
    sure = {"confidence": words.confidence}
    return said.model_copy(update=kept | sure | {"notes": clip(notes, 1500)})


async def _within_the_day(
    tools: Tools,
    gemini: Gemini,
    ticket: Ticket,
    question: Question,
    configuration: Configuration,
    *,
    per_day: int,
) -> Triage:
    """Gemini's triage, if the day has tokens left for it.

    Raises:
        GeminiFailed, NotNow: there is none.
    """
    desk = tools.desk
    sent = len(question.instruction) + len(question.text) + len(str(question.schema))
    aside = sent // _CHARACTERS + MAX_OUTPUT_TOKENS
    spending = desk.gate.spending
    if not await spending.put_aside(ticket.team_id, aside, per_day=per_day):
        raise NoTokens("today's tokens for Gemini are used up")
    used = 0
    try:
        async with desk.gate.out(Service.GEMINI, "generateContent"):
            used = sent // _CHARACTERS
            triage = await _asked(tools, gemini, ticket, question, configuration)
            used = triage.tokens
    finally:
        await spending.settle(ticket.team_id, aside=aside, used=used)
    return triage


async def _asked(
    tools: Tools, gemini: Gemini, ticket: Ticket, question: Question, configuration: Configuration
) -> Triage:
    """The answer; what is sent for it is kept before."""
    desk, began = tools.desk, time.monotonic()
    await desk.sent.keep(
        ticket_id=ticket.id,
        team_id=ticket.team_id,
        model=gemini.model,
        prompt=question.version,
        instruction=question.instruction,
        text=question.text,
    )

    def understood(said: Said) -> Triage:
        hosts = desk.settings.allowed_link_hosts
        triage = read(said.text, configuration, question.hidden, hosts=hosts)
        return triage.model_copy(update={"tokens": said.tokens})

    triage = await gemini.answer(question, understood)
    took = round((time.monotonic() - began) * 1000)
    return triage.model_copy(update={"model": gemini.model, "prompt": question.version, "ms": took})
