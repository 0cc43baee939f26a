"""The migration of tickets that earlier releases have stored.

Every read understands them. The migration writes them once more, so that searches find them: some
have no `people`, by which their requesters find them, and some have more events than a ticket may.
It goes through the tickets in the order of their ids, in batches, and stores how far it has got. So
it continues after a restart, and several bots at once do no harm.
"""

import logging
from datetime import datetime
from typing import Any, Protocol

from models.errors import Conflict, NoSuchTicket
from models.infra.database import Database, Document, translate_errors
from models.ticket_store.documents import SCHEMA_VERSION
from models.tickets.pending_step import Step
from models.tickets.ticket import MAX_EVENTS_IN_TICKET, Ticket, TicketUpdate

_BATCH_SIZE = 100
# Each version has its own progress, so a release that comes back need not migrate again.
_PROGRESS_ID = f"tickets:{SCHEMA_VERSION}"
log = logging.getLogger(__name__)


class TicketUpdater(Protocol):
    """The part of the ticket service that stores a change of a ticket."""

    async def update_ticket(self, ticket_id: str, update: TicketUpdate) -> Ticket: ...


class TicketMigration:
    """Migrates stored tickets to the schema version of this release."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def is_done(self) -> bool:
        """Whether all tickets of earlier versions are migrated."""
        return bool((await self._read_progress()).get("is_done"))

    async def run(self, tickets: TicketUpdater) -> None:
        """Migrate all older tickets; a damaged one is left as it is."""
        progress = await self._read_progress()
        if progress.get("is_done"):
            return
        after, migrated_count = progress.get("after", ""), 0
        while documents := await self._read_batch(after):
            for document in documents:
                migrated_count += await _migrate(tickets, document["_id"])
            after = documents[-1]["_id"]
            await self._store_progress(after=after)
            log.info("%d tickets of an earlier release migrated, up to %s", migrated_count, after)
        await self._store_progress(after=after, is_done=True)

    async def _read_batch(self, after: str) -> list[Document]:
        query = {"_id": {"$gt": after}, "schema": {"$not": {"$gte": SCHEMA_VERSION}}}
        async with translate_errors():
            cursor = self._db.tickets.find(query, {"_id": 1}).sort("_id", 1)
            return await cursor.limit(_BATCH_SIZE).to_list()

    async def _read_progress(self) -> dict[str, Any]:
        async with translate_errors():
            document = await self._db.migrations.find_one({"_id": _PROGRESS_ID})
        return document or {}

    async def _store_progress(self, **progress: Any) -> None:
        async with translate_errors():
            await self._db.upsert("migrations", _PROGRESS_ID, {"$set": progress})


async def _migrate(tickets: TicketUpdater, ticket_id: str) -> int:
    """Write the ticket again; returns 1 if that was possible."""
    try:
        await tickets.update_ticket(ticket_id, _with_old_events_archived)
    except (NoSuchTicket, Conflict) as error:
        log.warning("%s was not migrated: %s", ticket_id, error)
        return 0
    return 1


def _with_old_events_archived(ticket: Ticket, now: datetime) -> Ticket:
    if len(ticket.history) <= MAX_EVENTS_IN_TICKET:
        return ticket
    return ticket.with_step(Step.ARCHIVE_EVENTS, due=now)
