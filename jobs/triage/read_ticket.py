"""Reads a ticket once for triage, with the facts of a worker: user groups, the trained model."""

from dataclasses import replace

from jobs.runner.step_context import StepContext
from jobs.triage.priority_rules import min_priority
from models.engine.ticket_reading import TicketReading, read_text
from models.tickets.ticket import Ticket
from models.triage.taxonomy import Taxonomy


async def read_ticket(context: StepContext, ticket: Ticket, taxonomy: Taxonomy) -> TicketReading:
    """The reading of a ticket.

    If a category is private, the trained model is asked before an AI may be: it knows the tickets
    that people put there, and not only the keywords of their category.
    """
    reading = read_text(ticket, taxonomy, floor=await min_priority(context, ticket))
    may_be_sent = context.gemini is not None and not reading.reason_not_to_send
    if not may_be_sent or not taxonomy.has_private_category:
        return reading
    category = await context.model_cache.find_private_category(
        context.service.training_store, reading
    )
    if category is None:
        return replace(reading, is_privacy_known=False)
    return replace(reading, private_category=category)
