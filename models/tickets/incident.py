"""Incidents: similar tickets of several people within an hour, resolved with one answer."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from models.errors import Conflict
from models.text import mention
from models.tickets import workflow
from models.tickets.actions import Verb
from models.tickets.pending_step import Step
from models.tickets.ticket import IncidentReport, Status, Ticket

INCIDENT_WINDOW = timedelta(hours=1)
MIN_REPORTERS = 3
# One ANSWER_INCIDENT step can resolve this many tickets; an exact larger count helps nobody.
MAX_REPORTS = 200


@dataclass(frozen=True, slots=True)
class SimilarOpenTicket:
    """An open ticket that is similar to a new one."""

    report: IncidentReport
    ticket_number: int
    incident: str


def choose_incident(requester: str, similar_tickets: Sequence[SimilarOpenTicket]) -> str:
    """The incident that a new ticket belongs to, or "". Its id is that of its first ticket."""
    reporters = {requester, *(similar.report.by for similar in similar_tickets)}
    incident_ids = [similar.incident for similar in similar_tickets if similar.incident]
    if incident_ids:
        return incident_ids[0]
    if len(reporters) < MIN_REPORTERS:
        return ""
    return min(similar_tickets, key=lambda similar: similar.ticket_number).report.ticket_id


def reporter_count(ticket: Ticket) -> int:
    """How many people have reported the incident, given its first ticket."""
    return len({ticket.requester, *(report.by for report in ticket.reports)})


def add_reports(reports: Iterable[IncidentReport]) -> Callable[[Ticket, datetime], Ticket]:
    """The update that adds reports to the first ticket of an incident.

    The update raises Conflict when the first ticket is resolved.
    """

    def add_to_first_ticket(ticket: Ticket, now: datetime) -> Ticket:
        if ticket.status is Status.RESOLVED:
            raise Conflict(f"{ticket.id} is resolved")
        others = (report for report in reports if report.ticket_id != ticket.id)
        all_reports = tuple(dict.fromkeys((*ticket.reports, *others)))[:MAX_REPORTS]
        return _with_cards_refreshed(ticket, now, incident=ticket.id, reports=all_reports)

    return add_to_first_ticket


def with_incident(incident_id: str) -> Callable[[Ticket, datetime], Ticket]:
    """The update that adds a later ticket to the incident, unless it belongs to one already."""
    return lambda ticket, now: _with_cards_refreshed(
        ticket, now, incident=ticket.incident or incident_id
    )


def resolve_with_incident(first_ticket: Ticket) -> Callable[[Ticket, datetime], Ticket]:
    """The update that resolves a later ticket with the answer to the incident's first ticket.

    The update raises Conflict when the ticket is not of this incident, or was opened by the
    resolver: nobody handles their own ticket.
    """

    def resolve(ticket: Ticket, now: datetime) -> Ticket:
        if ticket.incident != first_ticket.id or ticket.requester == first_ticket.resolver:
            raise Conflict(f"{ticket.id} is not resolved together with {first_ticket.id}")
        event_reason = f"{mention(first_ticket.resolver or '')} resolved {first_ticket.id}"
        changes: dict[str, Any] = {
            "resolver": first_ticket.resolver,
            "solution": first_ticket.solution,
        }
        return workflow.transition(
            ticket,
            Verb.RESOLVE_WITH_INCIDENT,
            actor=None,
            now=now,
            event_reason=event_reason,
            **changes,
        )

    return resolve


def _with_cards_refreshed(ticket: Ticket, now: datetime, **changes: object) -> Ticket:
    after = ticket.model_copy(update=changes)
    if after == ticket:
        return ticket
    return after.with_stale_cards().with_step(Step.REFRESH_CARDS, due=now)
