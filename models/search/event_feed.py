"""What has happened to tickets, in its order and each event once, for those who see the tickets.

It is read in slices of time, each as long as holds no more than so many tickets: how much is looked
at for an answer has a bound, however many tickets there are and however long ago the reader asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Self

from models.infra.database import Database, Document, translate_errors
from models.people.member import Member
from models.tickets.documents import ticket_number, tickets_from_documents
from models.tickets.permissions import Verb, can
from models.tickets.ticket import Event, Ticket

# An event is dated when its ticket is read, and seen when it is written: by then another may have
# been written that is dated later. No write takes longer than this.
SETTLE_TIME = timedelta(seconds=15)
# So many tickets are looked at for an answer, or a few times as many when they lie unevenly.
_MAX_TICKETS = 300
# The store makes it.
_HISTORY_INDEX = [("team_id", 1), ("history.at", 1)]
_FIRST_SPAN, _MIN_SPAN = timedelta(hours=1), timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Cursor(NamedTuple):
    """After which event a reader goes on; MongoDB keeps milliseconds.

    Attributes:
        number: that of the ticket.
        nth: which one of the ticket's events; the first is 1.
    """

    at: datetime
    ticket_number: int = 0
    event_number: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """The place that a cursor names."""
        at, number, nth = map(int, text.split("."))
        return cls(_EPOCH + timedelta(milliseconds=at), number, nth)

    @property
    def text(self) -> str:
        """The place as readers are given it."""
        return f"{(self.at - _EPOCH) // _MIN_SPAN}.{self.ticket_number}.{self.event_number}"


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """One event, which one of which ticket it is, and where it stands among all of them."""

    ticket: Ticket
    event: Event
    cursor: Cursor


class FeedPage(NamedTuple):
    """Some of what has happened.

    Attributes:
        ends: after which the next events are.
        more: whether there may be more already, also when nothing is told.
    """

    events: list[FeedEvent]
    next_cursor: Cursor
    has_more: bool


class EventFeed:
    """Reads what has happened, from any place on."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def read_page(self, cursor: Cursor | None, member: Member, *, limit: int) -> FeedPage:
        """What this person may see of what has happened since."""
        async with translate_errors():
            until = await self._db.now() - SETTLE_TIME
        start = cursor or Cursor(await self._first_opened_at(member.team_id, until))
        begin, span, looked_at = start.at, _FIRST_SPAN, 0
        told: list[FeedEvent] = []
        while begin < until and len(told) <= limit and looked_at < _MAX_TICKETS:
            end = min(begin + span, until)
            tickets = await self._tickets_between(member.team_id, begin, end)
            if len(tickets) > _MAX_TICKETS and span > _MIN_SPAN:
                span = max(span / 8, _MIN_SPAN)
                continue
            told += _feed_events(tickets, member, start, end)
            looked_at += len(tickets)
            begin, span = end, span * 8
        if len(told) > limit:
            return FeedPage(told[:limit], told[limit - 1].cursor, has_more=True)
        return FeedPage(told, max(start, Cursor(begin)), has_more=begin < until)

    async def _first_opened_at(self, team_id: str, until: datetime) -> datetime:
        """When the first ticket was opened."""
        # Most likely it is among the first of all; not every server ends a sorted search with one.
        for numbers in ({"$lte": _MAX_TICKETS}, {"$gt": _MAX_TICKETS}):
            query = {"team_id": team_id, "number": numbers}
            async with translate_errors():
                first = await self._db.tickets.find_one(query, sort=[("number", 1)])
            if first:
                break
        return first["opened_at"] if first else until

    async def _tickets_between(
        self, team_id: str, begin: datetime, end: datetime
    ) -> Sequence[Ticket]:
        """The tickets that something has happened to from one time until just before another."""
        between: Document = {"$gte": begin, "$lt": end}
        query: Document = {"team_id": team_id, "history": {"$elemMatch": {"at": between}}}
        most = 0 if end - begin <= _MIN_SPAN else _MAX_TICKETS + 1
        async with translate_errors():
            # Not every server finds the index by itself.
            found = self._db.tickets.find(query).hint(_HISTORY_INDEX).limit(most)
            return tickets_from_documents(await found.to_list())


def _feed_events(
    tickets: Sequence[Ticket], member: Member, cursor: Cursor, end: datetime
) -> list[FeedEvent]:
    """The events of these tickets after a place and before a time, in their order."""
    found = [
        FeedEvent(ticket, event, Cursor(event.at, ticket_number(ticket.id), nth))
        for ticket in tickets
        if can(Verb.VIEW, member, ticket)
        for nth, event in enumerate(ticket.history, start=1)
    ]
    later = (one for one in found if cursor < one.cursor and one.event.at < end)
    return sorted(later, key=lambda one: one.cursor)
