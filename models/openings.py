"""New tickets, which are numbered and stored together with those of a crowd."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from models.batching import Batching
from models.database import Database, answering, encoded
from models.documents import Document, document_of, ticket_of
from models.ticket import Ticket
from models.welcomes import Welcomes

_CROWD = 4
# While some are being stored, others are made ready: with all of a crowd in one, either would wait
# for the other.
MOST_TOGETHER = 12
# A new ticket, given its number and the database's time.
Make = Callable[[int, datetime], Ticket]
_Opened = tuple[Ticket, Document | None]


class Openings:
    """Where tickets come from."""

    def __init__(self, database: Database, welcomes: Welcomes) -> None:
        self._db = database
        self._welcomes = welcomes
        self._batching = Batching(self._open_all, most=MOST_TOGETHER, at_once=2)

    @property
    def crowded(self) -> bool:
        """Whether so many tickets are being opened at once that nothing else comes before them."""
        return len(self._batching) >= _CROWD

    async def open(self, make: Make) -> Ticket:
        """Store a new ticket; give back the one that its submission already is, if it is.

        Raises:
            NotAllowed: guests may open none, and the requester is one, or may be.
        """
        async with answering():
            ticket, stored = await self._batching(make)
        return ticket if stored is None else ticket_of(stored)

    async def _open_all(self, makes: list[Make]) -> list[_Opened | Exception]:
        """Number tickets and store them, all by one question each to the database."""
        count = {"last": {"$add": [{"$ifNull": ["$last", 0]}, len(makes)]}, "at": "$$NOW"}
        # At the same time, so that nobody waits for who may open none.
        counter, closed = await asyncio.gather(
            self._db.upsert("counters", "tickets", [{"$set": count}]),
            self._welcomes.closed_to_guests(),
        )
        first = counter["last"] - len(makes) + 1
        tickets = [make(number, counter["at"]) for number, make in enumerate(makes, start=first)]
        refused = await self._welcomes.refused(tickets, closed)
        documents = [refused.get(one.id) or encoded(document_of(one)) for one in tickets]
        sound = [one for one in documents if not isinstance(one, Exception)]
        stored = iter(await self._db.insert_all_once("tickets", sound, unique="key"))
        return [
            document if isinstance(document, Exception) else (ticket, next(stored))
            for ticket, document in zip(tickets, documents, strict=True)
        ]
