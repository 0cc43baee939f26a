"""The texts of the newest tickets, kept by each process, so that each is read from MongoDB once."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import ValidationError

from models.database import Database
from models.documents import Document, number_of
from models.similar import Past, Solved
from models.skill import words
from models.ticket import Ticket

COMPARED = ("title", "description", "solution")
# An hour of the busiest desk.
_MOST = 200
_MOST_WORKSPACES = 20
# Tickets are numbered, then stored, and not always in that order; no write takes longer than this.
_STORED_WITHIN = timedelta(seconds=15)


@dataclass(frozen=True, slots=True)
class Recent:
    """A ticket's text as it was when it was read: who wrote it may have corrected it since."""

    past: Past
    opened_at: datetime


class RecentTickets:
    """Knows the newest tickets of some workspaces."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._known: dict[str, dict[int, Recent]] = {}

    async def before(self, ticket: Ticket) -> list[Recent]:
        """Those before this one, the oldest first."""
        number, team_id = number_of(ticket.id), ticket.team_id
        known = self._known.setdefault(team_id, {})
        if number in known and known[number].opened_at != ticket.opened_at:
            # From a restored backup numbers are given anew.
            known.clear()
        begin = _unread(known, number, ticket.opened_at)
        if begin < number:
            query = {"team_id": team_id, "number": {"$gte": begin, "$lt": number}}
            async for document in self._db.tickets.find(query, [*COMPARED, "opened_at"]):
                opened_at = document.get("opened_at")
                for past in comparable([document]) if isinstance(opened_at, datetime) else ():
                    known[number_of(document["_id"])] = Recent(past, opened_at)
        before = [known[one] for one in sorted(known) if number - _MOST <= one < number]
        self._forget(team_id)
        return before

    def _forget(self, team_id: str) -> None:
        known = self._known.pop(team_id, {})
        least = max(known, default=0) - _MOST
        for number in [one for one in known if one < least]:
            del known[number]
        self._known[team_id] = known
        if len(self._known) > _MOST_WORKSPACES:
            del self._known[next(iter(self._known))]


def comparable(documents: Iterable[Document]) -> Iterator[Past]:
    """What can be compared; a damaged document holds up nobody else."""
    for document in documents:
        with suppress(KeyError, TypeError, ValidationError):
            known = {"title": document["title"], "solution": document.get("solution", "")}
            solved = Solved(ticket_id=document["_id"], **known)
            text = f"{document['title']}\n{document['description']}"
            yield Past(solved=solved, words=tuple(words(text)))


def _unread(known: Mapping[int, Recent], number: int, at: datetime) -> int:
    """From which number on there may be tickets before this one that are not known."""
    first = max(1, number - _MOST)
    if min(known, default=number) > first:
        return first
    settled = [one for one in known if one < number and known[one].opened_at < at - _STORED_WITHIN]
    begin = max(first, max(settled, default=0))
    return next((one for one in range(begin, number) if one not in known), number)
