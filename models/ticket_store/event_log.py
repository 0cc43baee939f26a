"""The event log: the older events of tickets, in MongoDB.

A ticket has its newest events itself. The step `ARCHIVE_EVENTS` copies older ones here, and then
drops them from the ticket. So an event may be in both places for a moment, and is never in none.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from models.infra.database import Database, Document, encode_document, index, translate_errors
from models.infra.document_reader import DocumentReader
from models.infra.embedded_server import find_by_index
from models.tickets.ticket import Event, Ticket

# `prepare` creates this index.
_TIME_INDEX = "team_id_1_at_1"
log = logging.getLogger(__name__)


class NumberedEvent(NamedTuple):
    """An event of a ticket, and its number: 1 for the first event."""

    number: int
    event: Event


class ArchivedEvent(NamedTuple):
    """An event in the log, and its ticket."""

    ticket_id: str
    numbered: NumberedEvent


class EventLog:
    """Stores older events, and reads all events of a ticket."""

    def __init__(self, database: Database) -> None:
        self._db = database
        self._reader = DocumentReader(database, "ticket_events", _to_archived_event)

    async def prepare(self) -> None:
        """Create the indexes; harmless when they exist."""
        async with translate_errors():
            await self._db.ticket_events.create_indexes(
                [
                    index("ticket_id", "number"),
                    index("ticket_id", "what", "-number"),
                    index("team_id", "at"),
                ]
            )

    async def archive(self, ticket: Ticket, events: Sequence[NumberedEvent]) -> None:
        """Store events of the ticket; storing them twice changes nothing."""
        documents = [
            {
                "_id": f"{ticket.id}.{number}",
                "team_id": ticket.team_id,
                "ticket_id": ticket.id,
                "number": number,
                **event.model_dump(),
            }
            for number, event in events
        ]
        encoded = [encode_document(document) for document in documents]
        for error in (one for one in encoded if isinstance(one, Exception)):
            raise error
        async with translate_errors():
            await self._db.insert_all_if_absent(
                "ticket_events",
                [one for one in encoded if not isinstance(one, Exception)],
                unique="_id",
            )

    async def events(
        self, ticket: Ticket, *, after: int = 0, limit: int | None = None
    ) -> list[NumberedEvent]:
        """The ticket's events after this number, in their order.

        Args:
            limit: the maximum number of events; None for all.
        """
        events = []
        if after < ticket.archived_event_count:
            numbers: Document = {"$gt": after, "$lte": ticket.archived_event_count}
            query = {"ticket_id": ticket.id, "number": numbers}
            async with translate_errors():
                cursor = self._db.ticket_events.find(query).sort("number", 1).limit(limit or 0)
                archived = await self._reader.read_all(await cursor.to_list())
                events = [one.numbered for one in archived]
        newest = (NumberedEvent(*one) for one in ticket.numbered_events if one[0] > after)
        return [*events, *newest][:limit]

    async def last_event(self, ticket: Ticket, name: str) -> Event | None:
        """The ticket's newest event of this name."""
        for event in reversed(ticket.history):
            if event.what == name:
                return event
        if not ticket.archived_event_count:
            return None
        query = {"ticket_id": ticket.id, "what": name}
        async with translate_errors():
            document = await self._db.ticket_events.find_one(query, sort=[("number", -1)])
            archived = await self._reader.read_or_none(document)
        return archived.numbered.event if archived else None

    async def between(
        self, team_id: str, begin: datetime, end: datetime, *, limit: int
    ) -> tuple[list[ArchivedEvent], int]:
        """The workspace's archived events from `begin` until just before `end`, in any order.

        Returns:
            The events, and the number of documents read, with those that are unreadable.
        """
        query = {"team_id": team_id, "at": {"$gte": begin, "$lt": end}}
        async with translate_errors():
            cursor = find_by_index(self._db.ticket_events, query, _TIME_INDEX)
            documents = await cursor.limit(limit).to_list()
            return await self._reader.read_all(documents), len(documents)


class _StoredEvent(Event):
    ticket_id: str
    number: int


def _to_archived_event(document: Document) -> ArchivedEvent:
    stored = _StoredEvent.model_validate(document)
    event = Event(**stored.model_dump(include=set(Event.model_fields)))
    return ArchivedEvent(stored.ticket_id, NumberedEvent(stored.number, event))
