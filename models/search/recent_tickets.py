"""A cache of the newest tickets' texts in each process, so that MongoDB is asked once for each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from models.infra.database import Database, Document
from models.infra.document_reader import DocumentReader
from models.ticket_store.documents import SCHEMA_VERSION, ticket_number
from models.tickets.ticket import Ticket
from models.triage.similarity import ComparableTicket, SolvedTicket
from models.triage.skills import words

COMPARED_FIELDS = ("title", "description", "solution")
# Enough for one hour of the busiest workspace.
_MAX_TICKETS = 200
_MAX_WORKSPACES = 20
# Intake numbers a ticket before it stores it, so a lower number may appear later. No write takes
# longer than this.
_MAX_STORE_DELAY = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class CachedTicket:
    """A ticket's text at the time it was read; its requester may have changed it since."""

    comparable: ComparableTicket
    opened_at: datetime


class RecentTicketCache:
    """Caches the newest tickets of each workspace."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._by_workspace: dict[str, dict[int, CachedTicket]] = {}
        self._reader = DocumentReader(
            database, "tickets", _cached_ticket_from_document, schema_version=SCHEMA_VERSION
        )

    async def tickets_before(self, ticket: Ticket) -> list[CachedTicket]:
        """The newest tickets before this one, the oldest first."""
        number, team_id = ticket_number(ticket.id), ticket.team_id
        cached = self._by_workspace.setdefault(team_id, {})
        if number in cached and cached[number].opened_at != ticket.opened_at:
            # After a backup is restored, numbers are given a second time.
            cached.clear()
        begin = _first_uncached_number(cached, number, ticket.opened_at)
        if begin < number:
            query = {"team_id": team_id, "number": {"$gte": begin, "$lt": number}}
            cursor = self._db.tickets.find(query, [*COMPARED_FIELDS, "opened_at"])
            for one in await self._reader.read_all(await cursor.to_list()):
                cached[ticket_number(one.comparable.ticket.ticket_id)] = one
        before = [cached[nr] for nr in sorted(cached) if number - _MAX_TICKETS <= nr < number]
        self._evict(team_id)
        return before

    def _evict(self, team_id: str) -> None:
        # Popped and set again, so that the workspace is the last to be evicted.
        cached = self._by_workspace.pop(team_id, {})
        lowest = max(cached, default=0) - _MAX_TICKETS
        for number in [number for number in cached if number < lowest]:
            del cached[number]
        self._by_workspace[team_id] = cached
        if len(self._by_workspace) > _MAX_WORKSPACES:
            del self._by_workspace[next(iter(self._by_workspace))]


def comparable_from_document(document: Document) -> ComparableTicket:
    """The ticket in a document, ready for comparison; raises an error if it is damaged."""
    ticket_number(document["_id"])
    fields = {"title": document["title"], "solution": document.get("solution", "")}
    solved = SolvedTicket(ticket_id=document["_id"], **fields)
    text = f"{document['title']}\n{document['description']}"
    return ComparableTicket(ticket=solved, words=tuple(words(text)))


def _cached_ticket_from_document(document: Document) -> CachedTicket:
    opened_at = document["opened_at"]
    if not isinstance(opened_at, datetime):
        raise TypeError("opened_at")
    return CachedTicket(comparable_from_document(document), opened_at)


def _first_uncached_number(
    cached: Mapping[int, CachedTicket], number: int, opened_at: datetime
) -> int:
    """The lowest number before this ticket that may be missing from the cache."""
    lowest = max(1, number - _MAX_TICKETS)
    if min(cached, default=number) > lowest:
        return lowest
    settled = [
        earlier
        for earlier in cached
        if earlier < number and cached[earlier].opened_at < opened_at - _MAX_STORE_DELAY
    ]
    begin = max(lowest, max(settled, default=0))
    return next((earlier for earlier in range(begin, number) if earlier not in cached), number)
