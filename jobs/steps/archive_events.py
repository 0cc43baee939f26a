"""The step that moves the older events of a ticket to the event log."""

from datetime import datetime

from jobs.runner.step_function import no_change
from models.ticket_store.event_log import EventLog, NumberedEvent
from models.tickets.pending_step import PendingStep, Step
from models.tickets.ticket import MAX_EVENTS_IN_TICKET, Ticket, TicketUpdate

# One write has one time limit. Tickets of earlier releases may have thousands of events.
MAX_EVENTS_PER_RUN = 500


async def archive_events(
    ticket: Ticket, _leased_step: PendingStep, *, event_log: EventLog
) -> TicketUpdate:
    """Copy the oldest events to the log; the update drops them from the ticket.

    The newest events stay. While more than those are left, the update requests the step again.
    """
    older = [NumberedEvent(*one) for one in ticket.numbered_events[:-MAX_EVENTS_IN_TICKET]]
    batch = older[:MAX_EVENTS_PER_RUN]
    if not batch:
        return no_change
    await event_log.archive(ticket, batch)

    def drop_batch(current: Ticket, now: datetime) -> Ticket:
        after = current.without_events_until(batch[-1].number)
        has_more = len(after.history) > MAX_EVENTS_IN_TICKET
        return after.with_step(Step.ARCHIVE_EVENTS, due=now) if has_more else after

    return drop_batch


STEPS = {Step.ARCHIVE_EVENTS: archive_events}
