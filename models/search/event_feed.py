"""The event feed: the events of all tickets that a reader may see, in order, each event once.

A page is read in slices of time, and a slice with too many tickets is made shorter. So the work for
a page is bounded, however many tickets exist and however old the cursor is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Self

from models.infra.database import Database, Document, translate_errors
from models.infra.embedded_server import find_by_index, first_by_number
from models.people.member import Member
from models.ticket_store.documents import ticket_number
from models.ticket_store.event_log import ArchivedEvent, EventLog
from models.ticket_store.store import TicketStore
from models.tickets.actions import Verb
from models.tickets.permissions import can
from models.tickets.ticket import Event, Ticket

# An event gets its time when its ticket is read, and becomes visible when the ticket is written. An
# event with a later time may be visible first. No write takes longer than this.
SETTLE_TIME = timedelta(seconds=15)
# The usual limit of tickets read for a page; uneven slices may need a few times as many.
_MAX_TICKETS = 300
# `TicketStore.prepare` creates this index.
_HISTORY_INDEX = "team_id_1_history.at_1"
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

    def __init__(self, database: Database, tickets: TicketStore, event_log: EventLog) -> None:
        self._db = database
        self._tickets = tickets
        self._event_log = event_log

    async def read_page(self, cursor: Cursor | None, member: Member, *, limit: int) -> FeedPage:
        """The next events after the cursor that this person may see; None: from the start."""
        async with translate_errors():
            until = await self._db.now() - SETTLE_TIME
        start = cursor or Cursor(await self._first_opened_at(member.team_id, until))
        begin, span, tickets_read = start.at, _FIRST_SPAN, 0
        events: list[FeedEvent] = []
        while begin < until and len(events) <= limit and tickets_read < _MAX_TICKETS:
            end = min(begin + span, until)
            limit_per_slice = 0 if span <= _MIN_SPAN else _MAX_TICKETS + 1
            # In this order, an event that is moved to the log meanwhile is found in both places.
            tickets, ticket_count = await self._tickets_between(
                member.team_id, begin, end, limit_per_slice
            )
            archived, archived_count = await self._event_log.between(
                member.team_id, begin, end, limit=limit_per_slice
            )
            # With the unreadable documents: a slice that was cut off must not look complete.
            read_count = ticket_count + archived_count
            if read_count > _MAX_TICKETS and span > _MIN_SPAN:
                span = max(span / 8, _MIN_SPAN)
                continue
            own_events = _own_events(tickets)
            archived_events = await self._with_tickets(archived)
            events += _visible_events([*own_events, *archived_events], member, start, end)
            tickets_read += read_count
            begin, span = end, span * 8
        if len(events) > limit:
            return FeedPage(events[:limit], events[limit - 1].cursor, has_more=True)
        return FeedPage(events, max(start, Cursor(begin)), has_more=begin < until)

    async def _first_opened_at(self, team_id: str, until: datetime) -> datetime:
        async with translate_errors():
            document = await first_by_number(self._db.tickets, {"team_id": team_id})
        opened_at = document.get("opened_at") if document else until
        # A damaged ticket may have no time.
        return opened_at if isinstance(opened_at, datetime) else _EPOCH

    async def _with_tickets(self, archived: Sequence[ArchivedEvent]) -> list[FeedEvent]:
        """The archived events with their tickets."""
        ids = list({one.ticket_id for one in archived})
        async with translate_errors():
            documents = await self._db.tickets.find({"_id": {"$in": ids}}).to_list() if ids else []
        readable = await self._tickets.reader.read_all(documents)
        tickets = {ticket.id: ticket for ticket in readable}
        return [
            _to_feed_event(tickets[ticket_id], *numbered)
            for ticket_id, numbered in archived
            if ticket_id in tickets
        ]

    async def _tickets_between(
        self, team_id: str, begin: datetime, end: datetime, limit: int
    ) -> tuple[Sequence[Ticket], int]:
        """The tickets that have an event from `begin` until just before `end`.

        Returns:
            The tickets, and the number of documents read, with those that are unreadable.
        """
        between: Document = {"$gte": begin, "$lt": end}
        query: Document = {"team_id": team_id, "history": {"$elemMatch": {"at": between}}}
        async with translate_errors():
            cursor = find_by_index(self._db.tickets, query, _HISTORY_INDEX)
            documents = await cursor.limit(limit).to_list()
        return await self._tickets.reader.read_all(documents), len(documents)


def _own_events(tickets: Sequence[Ticket]) -> list[FeedEvent]:
    return [
        _to_feed_event(ticket, number, event)
        for ticket in tickets
        for number, event in ticket.numbered_events
    ]


def _to_feed_event(ticket: Ticket, number: int, event: Event) -> FeedEvent:
    return FeedEvent(ticket, event, Cursor(event.at, ticket_number(ticket.id), number))


def _visible_events(
    events: Sequence[FeedEvent], member: Member, cursor: Cursor, end: datetime
) -> list[FeedEvent]:
    """The events after the cursor and before `end` that the person may see, in order, each once."""
    new = {
        one.cursor: one
        for one in events
        if cursor < one.cursor and one.event.at < end and can(Verb.VIEW, member, one.ticket)
    }
    return [new[position] for position in sorted(new)]
