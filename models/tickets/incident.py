"""An incident: tickets like each other, of several people within an hour; one answer is for all."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from models.errors import Conflict
from models.text import mention
from models.tickets import workflow
from models.tickets.pending_step import Step
from models.tickets.ticket import IncidentReport, Status, Ticket
from models.tickets.workflow import Move

INCIDENT_WINDOW = timedelta(hours=1)
MIN_REPORTERS = 3
# What one step can answer, and what is worth counting.
MAX_REPORTS = 200


@dataclass(frozen=True, slots=True)
class SimilarOpenTicket:
    """An open ticket that is like another one."""

    report: IncidentReport
    ticket_number: int
    incident: str


def choose_incident(requester: str, similar_tickets: Sequence[SimilarOpenTicket]) -> str:
    """The incident that a ticket like these belongs to, named after its first ticket; or ""."""
    people = {requester, *(one.report.by for one in similar_tickets)}
    known = [one.incident for one in similar_tickets if one.incident]
    if known:
        return known[0]
    if len(people) < MIN_REPORTERS:
        return ""
    return min(similar_tickets, key=lambda one: one.ticket_number).report.ticket_id


def reporter_count(ticket: Ticket) -> int:
    """How many people have reported what the first ticket of an incident says."""
    return len({ticket.requester, *(report.by for report in ticket.reports)})


def add_reports(reports: Iterable[IncidentReport]) -> Callable[[Ticket, datetime], Ticket]:
    """The first ticket of an incident, as it is with these; raises OutOfTurn when it is over."""

    def first(ticket: Ticket, now: datetime) -> Ticket:
        if ticket.status is Status.RESOLVED:
            raise Conflict(f"{ticket.id} is resolved")
        others = (one for one in reports if one.ticket_id != ticket.id)
        every = tuple(dict.fromkeys((*ticket.reports, *others)))[:MAX_REPORTS]
        return _with_cards_refreshed(ticket, now, incident=ticket.id, reports=every)

    return first


def with_incident(incident_id: str) -> Callable[[Ticket, datetime], Ticket]:
    """Another ticket of the incident, as it is with that."""
    return lambda ticket, now: _with_cards_refreshed(
        ticket, now, incident=ticket.incident or incident_id
    )


def resolve_with_incident(first_ticket: Ticket) -> Callable[[Ticket, datetime], Ticket]:
    """Another ticket of the incident, answered as the first one was; raises OutOfTurn as moves do.

    What its requester has answered is for others: nobody handles a ticket of their own.
    """

    def resolved(ticket: Ticket, now: datetime) -> Ticket:
        if ticket.incident != first_ticket.id or ticket.requester == first_ticket.resolver:
            raise Conflict(f"{ticket.id} is not answered with {first_ticket.id}")
        why = f"{mention(first_ticket.resolver or '')} answered {first_ticket.id}"
        said: dict[str, Any] = {
            "resolver": first_ticket.resolver,
            "solution": first_ticket.solution,
        }
        return workflow.transition(
            ticket, Move.RESOLVE_WITH_INCIDENT, actor=None, now=now, event_reason=why, **said
        )

    return resolved


def _with_cards_refreshed(ticket: Ticket, now: datetime, **changes: object) -> Ticket:
    after = ticket.model_copy(update=changes)
    if after == ticket:
        return ticket
    return after.with_stale_cards().with_step(Step.REFRESH_CARDS, due=now)
