"""The texts of the newest tickets, kept by each process, so that each is read from MongoDB once."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import ValidationError

from models.infra.database import Database, Document
from models.tickets.documents import ticket_number
from models.tickets.ticket import Ticket
from models.triage.similarity import ComparableTicket, SolvedTicket
from models.triage.skills import words

COMPARED_FIELDS = ("title", "description", "solution")
# An hour of the busiest desk.
_MAX_TICKETS = 200
_MAX_WORKSPACES = 20
# Tickets are numbered, then stored, and not always in that order; no write takes longer than this.
_MAX_STORE_DELAY = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class CachedTicket:
    """A ticket's text as it was when it was read: who wrote it may have corrected it since."""

    comparable: ComparableTicket
    opened_at: datetime


class RecentTicketCache:
    """Knows the newest tickets of some workspaces."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._by_workspace: dict[str, dict[int, CachedTicket]] = {}

    async def tickets_before(self, ticket: Ticket) -> list[CachedTicket]:
        """Those before this one, the oldest first."""
        number, team_id = ticket_number(ticket.id), ticket.team_id
        known = self._by_workspace.setdefault(team_id, {})
        if number in known and known[number].opened_at != ticket.opened_at:
            # From a restored backup numbers are given anew.
            known.clear()
        begin = _first_uncached_number(known, number, ticket.opened_at)
        if begin < number:
            query = {"team_id": team_id, "number": {"$gte": begin, "$lt": number}}
            async for document in self._db.tickets.find(query, [*COMPARED_FIELDS, "opened_at"]):
                opened_at = document.get("opened_at")
                for past in (
                    comparable_tickets([document]) if isinstance(opened_at, datetime) else ()
                ):
                    known[ticket_number(document["_id"])] = CachedTicket(past, opened_at)
        before = [known[one] for one in sorted(known) if number - _MAX_TICKETS <= one < number]
        self._evict(team_id)
        return before

    def _evict(self, team_id: str) -> None:
        known = self._by_workspace.pop(team_id, {})
        least = max(known, default=0) - _MAX_TICKETS
        for number in [one for one in known if one < least]:
            del known[number]
        self._by_workspace[team_id] = known
        if len(self._by_workspace) > _MAX_WORKSPACES:
            del self._by_workspace[next(iter(self._by_workspace))]


def comparable_tickets(documents: Iterable[Document]) -> Iterator[ComparableTicket]:
    """What can be compared; a damaged document holds up nobody else."""
    for document in documents:
        with suppress(KeyError, TypeError, ValidationError):
            known = {"title": document["title"], "solution": document.get("solution", "")}
            solved = SolvedTicket(ticket_id=document["_id"], **known)
            text = f"{document['title']}\n{document['description']}"
            yield ComparableTicket(ticket=solved, words=tuple(words(text)))


def _first_uncached_number(
    cached: Mapping[int, CachedTicket], number: int, opened_at: datetime
) -> int:
    """From which number on there may be tickets before this one that are not known."""
    first = max(1, number - _MAX_TICKETS)
    if min(cached, default=number) > first:
        return first
    settled = [
        one
        for one in cached
        if one < number and cached[one].opened_at < opened_at - _MAX_STORE_DELAY
    ]
    begin = max(first, max(settled, default=0))
    return next((one for one in range(begin, number) if one not in cached), number)
