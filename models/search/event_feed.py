"""The event feed: the events of all tickets that a reader may see, in order, each event once.

A page is read in slices of time, and a slice with too many tickets is made shorter. So the work for
a page is bounded, however many tickets exist and however old the cursor is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Self

from models.infra.database import Database, Document, translate_errors
from models.people.member import Member
from models.tickets.action import Verb
from models.tickets.documents import ticket_number, tickets_from_documents
from models.tickets.permissions import can
from models.tickets.ticket import Event, Ticket

# An event gets its time when its ticket is read, and becomes visible when the ticket is written. An
# event with a later time may be visible first. No write takes longer than this.
SETTLE_TIME = timedelta(seconds=15)
# The usual limit of tickets read for a page; uneven slices may need a few times as many.
_MAX_TICKETS = 300
# `TicketStore.prepare` creates this index.
_HISTORY_INDEX = [("team_id", 1), ("history.at", 1)]
_FIRST_SPAN, _MIN_SPAN = timedelta(hours=1), timedelta(milliseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Cursor(NamedTuple):
    """A reader's position in the feed: the last event that they have read.

    Attributes:
        at: the time of the event; MongoDB stores milliseconds.
        ticket_number: the number in the ticket's id.
        event_number: the event's place in the ticket's history, starting with 1.
    """

    at: datetime
    ticket_number: int = 0
    event_number: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """The cursor in a text made by `text`; raises ValueError for other texts."""
        milliseconds, ticket_number, event_number = map(int, text.split("."))
        return cls(_EPOCH + timedelta(milliseconds=milliseconds), ticket_number, event_number)

    @property
    def text(self) -> str:
        """The cursor as text, for readers of the API."""
        return f"{(self.at - _EPOCH) // _MIN_SPAN}.{self.ticket_number}.{self.event_number}"


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """One event, with its ticket and its position in the feed."""

    ticket: Ticket
    event: Event
    cursor: Cursor


class FeedPage(NamedTuple):
    """One page of the feed.

    Attributes:
        next_cursor: the cursor for the next page.
        has_more: whether more events may exist already, even if this page is empty.
    """

    events: list[FeedEvent]
    next_cursor: Cursor
    has_more: bool


class EventFeed:
    """Reads the event feed from any cursor."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def read_page(self, cursor: Cursor | None, member: Member, *, limit: int) -> FeedPage:
        """The next events after the cursor that this person may see; None: from the start."""
        async with translate_errors():
            until = await self._db.now() - SETTLE_TIME
        start = cursor or Cursor(await self._first_opened_at(member.team_id, until))
        begin, span, tickets_read = start.at, _FIRST_SPAN, 0
        events: list[FeedEvent] = []
        while begin < until and len(events) <= limit and tickets_read < _MAX_TICKETS:
            end = min(begin + span, until)
            tickets = await self._tickets_between(member.team_id, begin, end)
            if len(tickets) > _MAX_TICKETS and span > _MIN_SPAN:
                span = max(span / 8, _MIN_SPAN)
                continue
            events += _feed_events(tickets, member, start, end)
            tickets_read += len(tickets)
            begin, span = end, span * 8
        if len(events) > limit:
            return FeedPage(events[:limit], events[limit - 1].cursor, has_more=True)
        return FeedPage(events, max(start, Cursor(begin)), has_more=begin < until)

    async def _first_opened_at(self, team_id: str, until: datetime) -> datetime:
        # The workspace's first ticket is most likely among the deployment's first. The small range
        # matters because some servers sort all matches before they return the first.
        for numbers in ({"$lte": _MAX_TICKETS}, {"$gt": _MAX_TICKETS}):
            query = {"team_id": team_id, "number": numbers}
            async with translate_errors():
                document = await self._db.tickets.find_one(query, sort=[("number", 1)])
            if document:
                break
        return document["opened_at"] if document else until

    async def _tickets_between(
        self, team_id: str, begin: datetime, end: datetime
    ) -> Sequence[Ticket]:
        """The tickets with an event from `begin` until just before `end`."""
        between: Document = {"$gte": begin, "$lt": end}
        query: Document = {"team_id": team_id, "history": {"$elemMatch": {"at": between}}}
        limit = 0 if end - begin <= _MIN_SPAN else _MAX_TICKETS + 1
        async with translate_errors():
            # Some servers do not choose this index without a hint.
            cursor = self._db.tickets.find(query).hint(_HISTORY_INDEX).limit(limit)
            return tickets_from_documents(await cursor.to_list())


def _feed_events(
    tickets: Sequence[Ticket], member: Member, cursor: Cursor, end: datetime
) -> list[FeedEvent]:
    """The visible events of these tickets after the cursor and before `end`, in order."""
    visible = [
        FeedEvent(ticket, event, Cursor(event.at, ticket_number(ticket.id), event_number))
        for ticket in tickets
        if can(Verb.VIEW, member, ticket)
        for event_number, event in enumerate(ticket.history, start=1)
    ]
    new = (item for item in visible if cursor < item.cursor and item.event.at < end)
    return sorted(new, key=lambda item: item.cursor)
