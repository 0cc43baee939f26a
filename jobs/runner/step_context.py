"""What a step gets to work with, and what it returns when nothing changes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime

from jobs.engines.gemini import Gemini
from jobs.engines.trained_engine import ModelCache
from models.ticket_service import TicketService
from models.tickets.pending_step import PendingStep
from models.tickets.ticket import Ticket, TicketUpdate


@dataclass(frozen=True, slots=True)
class StepContext:
    """What a step works with; without a Gemini key there is no Gemini."""

    service: TicketService
    gemini: Gemini | None
    model_cache: ModelCache = field(default_factory=ModelCache)


StepFunction = Callable[[StepContext, Ticket, PendingStep], Awaitable[TicketUpdate]]


def no_change(ticket: Ticket, _now: datetime) -> Ticket:
    """The effect of a step that found nothing to do."""
    return ticket
