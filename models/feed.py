"""What has happened to tickets, in its order and each event once, for those who see the tickets.

It is read in slices of time, each as long as holds no more than so many tickets: how much is looked
at for an answer has a bound, however many tickets there are and however long ago the reader asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Self

from models.database import Database, answering
from models.documents import Document, number_of, tickets_of
from models.member import Member
from models.permissions import Verb, may
from models.ticket import Event, Ticket

# An event is dated when its ticket is read, and seen when it is written: by then another may have
# been written that is dated later. No write takes longer than this.
SETTLED_AFTER = timedelta(seconds=15)
# So many tickets are looked at for an answer, or a few times as many when they lie unevenly.
_MOST = 300
# The store makes it.
_INDEX = [("team_id", 1), ("history.at", 1)]
_FIRST, _LEAST = timedelta(hours=1), timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Place(NamedTuple):
    """After which event a reader goes on; MongoDB keeps milliseconds.

    Attributes:
        number: that of the ticket.
        nth: which one of the ticket's events; the first is 1.
    """

    at: datetime
    number: int = 0
    nth: int = 0

    @classmethod
    def read(cls, cursor: str) -> Self:
        """The place that a cursor names."""
        at, number, nth = map(int, cursor.split("."))
        return cls(_EPOCH + timedelta(milliseconds=at), number, nth)

    @property
    def cursor(self) -> str:
        """The place as readers are given it."""
        return f"{(self.at - _EPOCH) // _LEAST}.{self.number}.{self.nth}"


@dataclass(frozen=True, slots=True)
class Happened:
    """One event, which one of which ticket it is, and where it stands among all of them."""

    ticket: Ticket
    event: Event
    place: Place


class Told(NamedTuple):
    """Some of what has happened.

    Attributes:
        ends: after which the next events are.
        more: whether there may be more already, also when nothing is told.
    """

    happened: list[Happened]
    ends: Place
    more: bool


class Feed:
    """Reads what has happened, from any place on."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def after(self, place: Place | None, member: Member, *, limit: int) -> Told:
        """What this person may see of what has happened since."""
        async with answering():
            until = await self._db.now() - SETTLED_AFTER
        start = place or Place(await self._beginning(member.team_id, until))
        begin, span, looked_at = start.at, _FIRST, 0
        told: list[Happened] = []
        while begin < until and len(told) <= limit and looked_at < _MOST:
            end = min(begin + span, until)
            tickets = await self._within(member.team_id, begin, end)
            if len(tickets) > _MOST and span > _LEAST:
                span = max(span / 8, _LEAST)
                continue
            told += _events(tickets, member, start, end)
            looked_at += len(tickets)
            begin, span = end, span * 8
        if len(told) > limit:
            return Told(told[:limit], told[limit - 1].place, more=True)
        return Told(told, max(start, Place(begin)), more=begin < until)

    async def _beginning(self, team_id: str, until: datetime) -> datetime:
        """When the first ticket was opened."""
        # Most likely it is among the first of all; not every server ends a sorted search with one.
        for numbers in ({"$lte": _MOST}, {"$gt": _MOST}):
            query = {"team_id": team_id, "number": numbers}
            async with answering():
                first = await self._db.tickets.find_one(query, sort=[("number", 1)])
            if first:
                break
        return first["opened_at"] if first else until

    async def _within(self, team_id: str, begin: datetime, end: datetime) -> Sequence[Ticket]:
        """The tickets that something has happened to from one time until just before another."""
        between: Document = {"$gte": begin, "$lt": end}
        query: Document = {"team_id": team_id, "history": {"$elemMatch": {"at": between}}}
        most = 0 if end - begin <= _LEAST else _MOST + 1
        async with answering():
            # Not every server finds the index by itself.
            found = self._db.tickets.find(query).hint(_INDEX).limit(most)
            return tickets_of(await found.to_list())


def _events(
    tickets: Sequence[Ticket], member: Member, start: Place, end: datetime
) -> list[Happened]:
    """The events of these tickets after a place and before a time, in their order."""
    found = [
        Happened(ticket, event, Place(event.at, number_of(ticket.id), nth))
        for ticket in tickets
        if may(Verb.VIEW, member, ticket)
        for nth, event in enumerate(ticket.history, start=1)
    ]
    later = (one for one in found if start < one.place and one.event.at < end)
    return sorted(later, key=lambda one: one.place)
