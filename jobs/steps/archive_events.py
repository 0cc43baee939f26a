"""The step that moves the older events of a ticket to the event log."""

from jobs.runner.step_context import StepContext, no_change
from models.ticket_store.event_log import NumberedEvent
from models.tickets.pending_step import PendingStep, Step
from models.tickets.ticket import MAX_EVENTS_IN_TICKET, Ticket, TicketUpdate


async def archive_events(
    context: StepContext, ticket: Ticket, _leased_step: PendingStep
) -> TicketUpdate:
    """Copy all but the newest events to the log; the update drops them from the ticket."""
    older = [NumberedEvent(*one) for one in ticket.numbered_events[:-MAX_EVENTS_IN_TICKET]]
    if not older:
        return no_change
    await context.service.event_log.archive(ticket, older)
    return lambda current, _now: current.without_events_until(older[-1].number)


STEPS = {Step.ARCHIVE_EVENTS: archive_events}
