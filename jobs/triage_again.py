"""Gemini is back: a ticket that was triaged without it, and that nobody has touched, is read again.

Nobody gets a message for it, and who has the ticket keeps it; the cards are drawn anew.
"""

import logging
from datetime import datetime

from jobs.asking import by_gemini
from jobs.floors import least
from jobs.gemini import GeminiFailed, NoAnswer
from jobs.policies import POLICIES
from jobs.retrying import Tools, nothing
from jobs.triage_ticket import kept_in_the_house
from models import builtin, flow
from models.arranging import as_listed
from models.desk import Change
from models.errors import NotNow, OutOfTurn
from models.flow import FLOW, Move
from models.step import Pending, Step
from models.ticket import Ticket

log = logging.getLogger(__name__)


async def triage_again(tools: Tools, ticket: Ticket, leased: Pending) -> Change:
    """Ask Gemini once more, and put what it says in the place of what stood in for it.

    Raises:
        NotNow: it does not answer yet.
    """
    configuration = await tools.desk.store.configuration(ticket.team_id)
    if not _untouched(ticket) or kept_in_the_house(tools, ticket, configuration):
        return nothing
    try:
        triage = await by_gemini(tools, ticket, configuration)
    except (GeminiFailed, NotNow) as failed:
        # That is nothing to tell an admin of: the ticket has its triage.
        if isinstance(failed, NoAnswer) or _is_last(leased):
            log.warning("%s: the built-in engine's triage stays: %s", ticket.id, failed)
            return nothing
        # While Gemini is let rest, too, the pauses between tries grow: many tickets may wait.
        raise NotNow(str(failed)) from failed
    raised = builtin.raised(triage, ticket, configuration, least=await least(tools, ticket))
    # An answer takes seconds, in which the list may have changed.
    vocabulary = (await tools.desk.store.configuration(ticket.team_id)).vocabulary

    def triaged(current: Ticket, now: datetime) -> Ticket:
        if not _untouched(current):
            raise OutOfTurn(f"{current.id} is in somebody's hands")
        moved = flow.make(current, Move.TRIAGE_AGAIN, by=None, now=now, triage=raised)
        return as_listed(moved, vocabulary)

    return triaged


def _untouched(ticket: Ticket) -> bool:
    """Whether the triage is still the one that stood in for Gemini, and nobody works by it."""
    stopgap = ticket.triage is not None and ticket.triage.stopgap
    return stopgap and ticket.said is None and ticket.status in FLOW[Move.TRIAGE_AGAIN].starts


def _is_last(leased: Pending) -> bool:
    return leased.attempts + 1 >= POLICIES[Step.TRIAGE_AGAIN].attempts
