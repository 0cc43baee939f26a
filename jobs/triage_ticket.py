"""A ticket is read: Gemini, or the built-in engine, says what it is about and what it needs."""

import logging
import time
from datetime import datetime

from jobs.examples import LOOKED_AT
from jobs.gemini import MAX_OUTPUT_TOKENS, Gemini, GeminiFailed, Said
from jobs.prompt import VERSION, Question, ask, read
from jobs.retrying import Tools
from models import builtin, flow, wariness
from models.configuration import Configuration
from models.desk import Change
from models.errors import NotNow
from models.flow import Move
from models.gate import Service
from models.step import Pending
from models.ticket import Ticket
from models.triage import Triage
from models.wording import clip

_RESTING = "Gemini has not answered for a while"
_SPENT = "today's tokens for Gemini are used up"
# How sure the built-in engine must be to be believed instead of Gemini: as it is when three words
# all point to one category; and as it is of any evidence at all.
_STRONG, _ANY = 0.85, 0.1
log = logging.getLogger(__name__)


async def triage_ticket(tools: Tools, ticket: Ticket, _leased: Pending) -> Change:
    """Triage the ticket; the built-in engine never fails, so every ticket goes on."""
    configuration = await tools.desk.store.configuration(ticket.team_id)
    triage = await _triage(tools, ticket, configuration)
    triage = builtin.raised(triage, ticket, configuration)

    def triaged(current: Ticket, now: datetime) -> Ticket:
        return flow.make(current, Move.TRIAGE, by=None, now=now, triage=triage)

    return triaged


async def _triage(tools: Tools, ticket: Ticket, configuration: Configuration) -> Triage:
    if tools.gemini is None:
        return builtin.triage(ticket, configuration, why="no Gemini key is set")
    if kept := kept_in_the_house(ticket, configuration):
        return kept
    lessons = await tools.desk.lessons.latest(ticket.team_id, limit=LOOKED_AT)
    question = ask(ticket, configuration, lessons)
    try:
        said = await _asked(tools, tools.gemini, ticket, question, configuration)
    except (GeminiFailed, NotNow) as failed:
        log.warning("%s: the built-in engine triages: %s", ticket.id, failed)
        why = _RESTING if isinstance(failed, NotNow) else str(failed)
        return builtin.triage(ticket, configuration, why=why)
    return weighed(said, ticket, configuration)


def kept_in_the_house(ticket: Ticket, configuration: Configuration) -> Triage | None:
    """The built-in engine's triage of a ticket that is not for Gemini; None when it is."""
    if ticket.confidential:
        return builtin.triage(ticket, configuration, why="confidential tickets stay in the house")
    if category := builtin.private_category(ticket, configuration):
        why = f"tickets about {category.name} are never sent to an AI"
        return builtin.triage(ticket, configuration, why=why)
    if wariness.instructs(ticket.text):
        # What the orders say must not count as what the ticket is about, either.
        plain = wariness.before_orders(ticket)
        triage = builtin.triage(plain, configuration, why=wariness.WHY)
        notes = clip(f"{triage.notes} Look closely: {wariness.WHY}.", 1500)
        return triage.model_copy(update={"notes": notes})
    return None


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
    return said.model_copy(update=kept | {"notes": clip(notes, 1500)})


async def _asked(
    tools: Tools, gemini: Gemini, ticket: Ticket, question: Question, configuration: Configuration
) -> Triage:
    """Gemini's triage, if the day has tokens left for it; what is sent is kept before.

    Raises:
        GeminiFailed, NotNow: there is none.
    """
    desk, hosts = tools.desk, tools.desk.settings.allowed_link_hosts
    # A token is three characters and more; a schema and an instruction are sent as well.
    sent = (len(question.instruction) + len(question.text) + len(str(question.schema))) // 3
    aside = sent + MAX_OUTPUT_TOKENS
    per_day = desk.settings.gemini_tokens_per_day
    if not await desk.gate.spending.put_aside(ticket.team_id, aside, per_day=per_day):
        raise GeminiFailed(_SPENT)

    def understood(said: Said) -> Triage:
        triage = read(said.text, configuration, question.hidden, hosts=hosts)
        return triage.model_copy(update={"tokens": said.tokens})

    used, began = 0, time.monotonic()
    try:
        async with desk.gate.out(Service.GEMINI, "generateContent"):
            await desk.sent.keep(
                ticket_id=ticket.id,
                team_id=ticket.team_id,
                model=gemini.model,
                prompt=VERSION,
                instruction=question.instruction,
                text=question.text,
            )
            used = sent
            triage = await gemini.answer(question, understood)
            used = triage.tokens
    finally:
        await desk.gate.spending.settle(ticket.team_id, aside=aside, used=used)
    took = round((time.monotonic() - began) * 1000)
    return triage.model_copy(update={"model": gemini.model, "ms": took})
