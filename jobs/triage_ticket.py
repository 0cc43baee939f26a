"""A ticket is read: Gemini, or the built-in engine, says what it is about and what it needs."""

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Any

from jobs.asking import by_gemini
from jobs.floors import least
from jobs.gemini import GeminiFailed, NoAnswer
from jobs.incidents import joined
from jobs.retrying import Tools
from models import builtin, flow, wariness
from models.configuration import Configuration
from models.desk import Change
from models.errors import NotNow
from models.flow import Move
from models.similar import ALIKE
from models.step import Pending, Step
from models.ticket import Status, Ticket
from models.triage import Triage

# How soon Gemini is asked again, after it has failed.
_AGAIN = timedelta(seconds=30)
_RESTING = "Gemini has not answered for a while"
log = logging.getLogger(__name__)


async def triage_ticket(tools: Tools, ticket: Ticket, _leased: Pending) -> Change:
    """Triage the ticket; the built-in engine never fails, so every ticket goes on."""
    configuration = await tools.desk.store.configuration(ticket.team_id)
    # At once, since Gemini alone may take nearly all the time there is.
    triage, similar, incident = await asyncio.gather(
        read_ticket(tools, ticket, configuration),
        tools.desk.search.solved_like(ticket, at_least=ALIKE),
        joined(tools, ticket),
    )

    def triaged(current: Ticket, now: datetime) -> Ticket:
        if current.status is not Status.NEW and current.triage is None:
            # Who asked has solved it meanwhile, and may still reopen it.
            return current.model_copy(update={"triage": triage, "similar": similar})
        known: dict[str, Any] = {"similar": similar, "incident": current.incident or incident}
        moved = flow.make(current, Move.TRIAGE, by=None, now=now, triage=triage, **known)
        return moved.asking(Step.TRIAGE_AGAIN, due=now + _AGAIN) if triage.stopgap else moved

    return triaged


def kept_in_the_house(tools: Tools, ticket: Ticket, configuration: Configuration) -> str:
    """Why Gemini is not asked at all; "" when it is."""
    if tools.gemini is None:
        return "no Gemini key is set"
    if ticket.confidential:
        return "confidential tickets stay in the house"
    if category := builtin.private_category(ticket, configuration):
        return f"tickets about {category.name} are never sent to an AI"
    return wariness.WHY if wariness.instructs(ticket.text) else ""


async def read_ticket(tools: Tools, ticket: Ticket, configuration: Configuration) -> Triage:
    """What Gemini says, or the built-in engine; no priority below the least that rules demand."""
    said = await _triage(tools, ticket, configuration)
    return builtin.raised(said, ticket, configuration, least=await least(tools, ticket))


async def _triage(tools: Tools, ticket: Ticket, configuration: Configuration) -> Triage:
    if why := kept_in_the_house(tools, ticket, configuration):
        return await _by_words(tools, ticket, configuration, why)
    try:
        return await by_gemini(tools, ticket, configuration)
    except (GeminiFailed, NotNow) as failed:
        log.warning("%s: the built-in engine triages: %s", ticket.id, failed)
        why = _RESTING if isinstance(failed, NotNow) else str(failed)
        triage = await _by_words(tools, ticket, configuration, why)
        return triage.model_copy(update={"stopgap": not isinstance(failed, NoAnswer)})


async def _by_words(tools: Tools, ticket: Ticket, configuration: Configuration, why: str) -> Triage:
    """The built-in engine's triage."""
    plain = wariness.to_be_read(ticket)
    said = await tools.learning.triage(tools.desk.lessons, plain, configuration, why=why)
    return wariness.noted(said, ticket)
