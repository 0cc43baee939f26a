"""Tickets of several people about the same are seen as one incident, and answered at once."""

import logging
from contextlib import suppress

from jobs.retrying import Tools, nothing
from models.desk import Change
from models.errors import NoSuchTicket, OutOfTurn
from models.incident import answered, incident_of, joining, reported
from models.step import Pending
from models.ticket import Report, Ticket

log = logging.getLogger(__name__)


async def joined(tools: Tools, ticket: Ticket) -> str:
    """The incident that a new ticket belongs to, whose other tickets are told; "" if none."""
    if ticket.confidential:
        return ""
    desk = tools.desk
    others = await desk.search.open_like(ticket)
    incident = incident_of(ticket.requester, others)
    if not incident:
        return ""
    own = Report(ticket_id=ticket.id, by=ticket.requester)
    try:
        await desk.amend(incident, reported([*(one.report for one in others), own]))
    except (OutOfTurn, NoSuchTicket):
        return ""
    for one in others:
        if not one.incident and one.report.ticket_id != incident:
            with suppress(OutOfTurn, NoSuchTicket):
                await desk.amend(one.report.ticket_id, joining(incident))
    log.info("%s: belongs to the incident %s", ticket.id, incident)
    return incident


async def answer_all(tools: Tools, ticket: Ticket, _leased: Pending) -> Change:
    """Who has answered the first ticket of an incident has answered all that are open still."""
    for report in ticket.reports:
        with suppress(OutOfTurn, NoSuchTicket):
            await tools.desk.amend(report.ticket_id, answered(ticket))
    return nothing
