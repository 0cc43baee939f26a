"""The types of step functions, and the ticket update that changes nothing."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from models.tickets.pending_step import PendingStep
from models.tickets.ticket import Ticket, TicketUpdate

StepFunction = Callable[..., Awaitable[TicketUpdate]]
"""A step: gets a ticket and its leased step, and by name the services it needs."""
BoundStep = Callable[[Ticket, PendingStep], Awaitable[TicketUpdate]]
"""A step that has its services already."""


def no_change(ticket: Ticket, _now: datetime) -> Ticket:
    """The ticket update of a step that has nothing to change."""
    return ticket
