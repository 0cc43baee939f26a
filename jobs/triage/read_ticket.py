"""Reads a ticket once for triage, with the user groups of its requester."""

from jobs.runner.step_context import StepContext
from jobs.triage.priority_rules import min_priority
from models.engine.ticket_reading import TicketReading, read_text
from models.tickets.ticket import Ticket
from models.triage.taxonomy import Taxonomy


async def read_ticket(context: StepContext, ticket: Ticket, taxonomy: Taxonomy) -> TicketReading:
    """The reading of a ticket."""
    return read_text(ticket, taxonomy, floor=await min_priority(context, ticket))
