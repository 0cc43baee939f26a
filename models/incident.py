"""An incident: tickets like each other, of several people within an hour; one answer is for all."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from models import flow
from models.errors import OutOfTurn
from models.flow import Move
from models.step import Step
from models.ticket import Report, Status, Ticket
from models.wording import mention

WITHIN = timedelta(hours=1)
LEAST_PEOPLE = 3
# What one step can answer, and what is worth counting.
MOST_REPORTS = 200


@dataclass(frozen=True, slots=True)
class Sighting:
    """An open ticket that is like another one."""

    report: Report
    number: int
    incident: str


def incident_of(requester: str, sightings: Sequence[Sighting]) -> str:
    """The incident that a ticket like these belongs to, named after its first ticket; or ""."""
    people = {requester, *(one.report.by for one in sightings)}
    known = [one.incident for one in sightings if one.incident]
    if known:
        return known[0]
    if len(people) < LEAST_PEOPLE:
        return ""
    return min(sightings, key=lambda one: one.number).report.ticket_id


def people_in(ticket: Ticket) -> int:
    """How many people have reported what the first ticket of an incident says."""
    return len({ticket.requester, *(report.by for report in ticket.reports)})


def reported(reports: Iterable[Report]) -> Callable[[Ticket, datetime], Ticket]:
    """The first ticket of an incident, as it is with these; raises OutOfTurn when it is over."""

    def first(ticket: Ticket, now: datetime) -> Ticket:
        if ticket.status is Status.RESOLVED:
            raise OutOfTurn(f"{ticket.id} is resolved")
        others = (one for one in reports if one.ticket_id != ticket.id)
        every = tuple(dict.fromkeys((*ticket.reports, *others)))[:MOST_REPORTS]
        return _drawn_anew(ticket, now, incident=ticket.id, reports=every)

    return first


def joining(incident: str) -> Callable[[Ticket, datetime], Ticket]:
    """Another ticket of the incident, as it is with that."""
    return lambda ticket, now: _drawn_anew(ticket, now, incident=ticket.incident or incident)


def answered(first: Ticket) -> Callable[[Ticket, datetime], Ticket]:
    """Another ticket of the incident, answered as the first one was; raises OutOfTurn as moves do.

    What its requester has answered is for others: nobody handles a ticket of their own.
    """

    def resolved(ticket: Ticket, now: datetime) -> Ticket:
        if ticket.incident != first.id or ticket.requester == first.resolver:
            raise OutOfTurn(f"{ticket.id} is not answered with {first.id}")
        why = f"{mention(first.resolver or '')} answered {first.id}"
        said: dict[str, Any] = {"resolver": first.resolver, "solution": first.solution}
        return flow.make(ticket, Move.ANSWER, by=None, now=now, why=why, **said)

    return resolved


def _drawn_anew(ticket: Ticket, now: datetime, **changes: object) -> Ticket:
    after = ticket.model_copy(update=changes)
    if after == ticket:
        return ticket
    return after.with_stale_cards().asking(Step.REFRESH_CARDS, due=now)
