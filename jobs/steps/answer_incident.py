"""Tickets of several people about the same are seen as one incident, and answered at once."""

import logging
from contextlib import suppress

from jobs.runner.step_context import StepContext, no_change
from models.errors import Conflict, NoSuchTicket
from models.tickets.incident import (
    add_reports,
    choose_incident,
    resolve_with_incident,
    with_incident,
)
from models.tickets.pending_step import PendingStep
from models.tickets.ticket import IncidentReport, Ticket, TicketUpdate

log = logging.getLogger(__name__)


async def join_incident(context: StepContext, ticket: Ticket) -> str:
    """The incident that a new ticket belongs to, whose other tickets are told; "" if none."""
    if ticket.confidential:
        return ""
    service = context.service
    others = await service.search.similar_open_tickets(ticket)
    incident = choose_incident(ticket.requester, others)
    if not incident:
        return ""
    own = IncidentReport(ticket_id=ticket.id, by=ticket.requester)
    try:
        await service.update_ticket(incident, add_reports([*(one.report for one in others), own]))
    except (Conflict, NoSuchTicket):
        return ""
    for one in others:
        if not one.incident and one.report.ticket_id != incident:
            with suppress(Conflict, NoSuchTicket):
                await service.update_ticket(one.report.ticket_id, with_incident(incident))
    log.info("%s: belongs to the incident %s", ticket.id, incident)
    return incident


async def answer_incident(
    context: StepContext, ticket: Ticket, _leased_step: PendingStep
) -> TicketUpdate:
    """Who has answered the first ticket of an incident has answered all that are open still."""
    for report in ticket.reports:
        with suppress(Conflict, NoSuchTicket):
            await context.service.update_ticket(report.ticket_id, resolve_with_incident(ticket))
    return no_change
