"""Incidents: groups similar tickets of several people, and resolves them together."""

import logging
from contextlib import suppress

from jobs.runner.step_function import no_change
from models.errors import Conflict, NoSuchTicket
from models.search.search import Search
from models.ticket_service import TicketService
from models.tickets.incident import (
    add_reports,
    choose_incident,
    resolve_with_incident,
    with_incident,
)
from models.tickets.pending_step import PendingStep, Step
from models.tickets.ticket import IncidentReport, Ticket, TicketUpdate

log = logging.getLogger(__name__)


async def join_incident(ticket: Ticket, *, search: Search, ticket_service: TicketService) -> str:
    """The id of the incident that a new ticket belongs to, or "" if there is none.

    The other tickets of the incident are updated, too.
    """
    if ticket.confidential:
        return ""
    others = await search.similar_open_tickets(ticket)
    incident = choose_incident(ticket.requester, others)
    if not incident:
        return ""
    own_report = IncidentReport(ticket_id=ticket.id, by=ticket.requester)
    try:
        await ticket_service.update_ticket(
            incident, add_reports([*(other.report for other in others), own_report])
        )
    except (Conflict, NoSuchTicket):
        return ""
    for other in others:
        if not other.incident and other.report.ticket_id != incident:
            with suppress(Conflict, NoSuchTicket):
                await ticket_service.update_ticket(other.report.ticket_id, with_incident(incident))
    log.info("%s: belongs to the incident %s", ticket.id, incident)
    return incident


async def answer_incident(
    ticket: Ticket, _leased_step: PendingStep, *, ticket_service: TicketService
) -> TicketUpdate:
    """Resolve the open tickets of an incident with the answer to its first ticket."""
    for report in ticket.reports:
        with suppress(Conflict, NoSuchTicket):
            await ticket_service.update_ticket(report.ticket_id, resolve_with_incident(ticket))
    return no_change


STEPS = {Step.ANSWER_INCIDENT: answer_incident}
