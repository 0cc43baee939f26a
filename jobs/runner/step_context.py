"""The context that every step function gets, and the update that changes nothing."""

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
    """The services of a step function. `gemini` is None without GEMINI_API_KEY."""

    service: TicketService
    gemini: Gemini | None
    model_cache: ModelCache = field(default_factory=ModelCache)


StepFunction = Callable[[StepContext, Ticket, PendingStep], Awaitable[TicketUpdate]]


def no_change(ticket: Ticket, _now: datetime) -> Ticket:
    """The ticket update of a step that has nothing to change."""
    return ticket
