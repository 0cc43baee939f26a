"""A ticket is read: Gemini, or the built-in engine, says what it is about and what it needs."""

import logging
from datetime import datetime

from jobs.gemini import GeminiFailed
from jobs.prompt import ask, read
from jobs.retrying import Tools
from models import builtin, flow
from models.configuration import Configuration
from models.desk import Change
from models.errors import NotNow
from models.flow import Move
from models.gate import Service
from models.step import Pending
from models.ticket import Ticket
from models.triage import Triage

_RESTING = "Gemini has not answered for a while"
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
    async def by_builtin(why: str) -> Triage:
        return await tools.learning.triage(tools.desk.lessons, ticket, configuration, why=why)

    if tools.gemini is None:
        return await by_builtin("no Gemini key is set")
    if ticket.confidential:
        return await by_builtin("confidential tickets stay in the house")
    if category := builtin.private_category(ticket, configuration):
        why = f"tickets about {category.name} are never sent to an AI"
        return await by_builtin(why)
    question = ask(ticket, configuration)
    try:
        async with tools.desk.gate.out(Service.GEMINI, "generateContent"):
            return await tools.gemini.answer(question, lambda text: read(text, configuration))
    except (GeminiFailed, NotNow) as failed:
        log.warning("%s: the built-in engine triages: %s", ticket.id, failed)
        why = _RESTING if isinstance(failed, NotNow) else str(failed)
        return await by_builtin(why)
