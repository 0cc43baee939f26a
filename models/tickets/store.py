"""The tickets and their pending steps, in MongoDB.

A ticket is written whole, guarded by its revision: who read an older one writes nothing. What the
next write should be is decided by the caller, from the ticket and the database's own clock, read
together. `due` is the earliest due time of a ticket's pending steps; a sparse index on it makes
the sweep cost as much as there are due steps, however many tickets there are. Sparse, because not
every server that speaks MongoDB's protocol uses a partial one for this, nor more than one `$in`.
"""

import logging
from collections import defaultdict
from datetime import datetime

from models.errors import CorruptDocument, NoSuchTicket
from models.infra.database import Database, Document, index, translate_errors
from models.tickets.documents import (
    ticket_from_document,
    ticket_to_document,
)
from models.tickets.pending_step import Step
from models.tickets.ticket import ASSIGNED_STATUSES, Status, Ticket

log = logging.getLogger(__name__)
# What `prepare` makes; the doctor looks whether they are there.
_LIST_INDEX_FIELDS = (("number",), ("status", "number"), ("people", "number"), ("words", "number"))
INDEX_NAMES = frozenset(
    {"key_1", "due_1", "dead_1", "set_aside.at_1", "team_id_1_history.at_1"}
    | {f"team_id_1_{'_1_'.join(fields)}_-1" for fields in _LIST_INDEX_FIELDS}
)


class TicketStore:
    """The tickets of all workspaces, with their pending steps, and the alarms for dead steps."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def prepare(self) -> None:
        """Make the indexes and the counter that the rest relies on; harmless when they exist."""
        async with translate_errors():
            await self._db.tickets.create_indexes(
                [
                    index("key", unique=True),
                    index("due", sparse=True),
                    index("dead", sparse=True),
                    index("set_aside.at", sparse=True),
                    *(
                        index("team_id", *fields, f"-{number}")
                        for *fields, number in _LIST_INDEX_FIELDS
                    ),
                    index("team_id", "history.at"),
                ]
            )
            await self._db.upsert("counters", "tickets", {"$setOnInsert": {"last": 0}})

    async def get_ticket(self, ticket_id: str) -> tuple[Ticket, datetime]:
        """The ticket, and the database's time at which it stood so.

        Raises:
            NoSuchTicket: there is none of that id.
        """
        async with translate_errors():
            found = await self._db.read("tickets", ticket_id, with_server_time=True)
        if found is None:
            raise NoSuchTicket
        return ticket_from_document(found), found["now"]

    async def compare_and_set(self, before: Ticket, after: Ticket) -> Ticket | None:
        """Store the next state of a ticket; None when somebody else has written in between."""
        written = after.model_copy(update={"rev": before.rev + 1})
        async with translate_errors():
            result = await self._db.tickets.replace_one(
                # After a restored backup another ticket may have its number.
                {"_id": before.id, "rev": before.rev, "opened_at": before.opened_at},
                ticket_to_document(written),
            )
        return written if result.matched_count else None

    async def due_tickets(self, *, limit: int) -> tuple[list[Ticket], datetime]:
        """Tickets with a step that is due, the longest due first, and the database's time."""
        return await self._tickets_by_time("due", limit)

    async def dead_tickets(self, *, limit: int) -> list[Ticket]:
        """Tickets with a dead step, the longest dead first."""
        return (await self._tickets_by_time("dead", limit))[0]

    async def _tickets_by_time(self, field: str, limit: int) -> tuple[list[Ticket], datetime]:
        async with translate_errors():
            now = await self._db.now()
            found = self._db.tickets.find({field: {"$lte": now}}).sort(field, 1).limit(limit)
            return await self._parse_or_quarantine(await found.to_list(limit), now), now

    async def quarantined_tickets(self, *, limit: int) -> dict[str, str]:
        """By id: why a ticket's document can't be read, so that nothing is done for it."""
        async with translate_errors():
            query = {"set_aside.at": {"$lte": await self._db.now()}}
            found = self._db.tickets.find(query, {"set_aside": 1}).limit(limit)
            return {str(one["_id"]): str(one["set_aside"]["why"]) async for one in found}

    async def release_from_quarantine(self, ticket_id: str) -> None:
        """Go on with a ticket that was set aside, once its document has been repaired.

        Raises:
            NoSuchTicket, Unreadable: it has not.
        """
        ticket, _ = await self.get_ticket(ticket_id)
        # It is written whole, without what set it aside.
        await self.compare_and_set(ticket, ticket)

    async def backlog(self, team_id: str) -> tuple[dict[str, int], float]:
        """How many tickets have each status, and for how many seconds the oldest step is due."""
        counts = {}
        async with translate_errors():
            for status in (status.value for status in Status if status is not Status.RESOLVED):
                query = {"team_id": team_id, "status": status}
                counts[status] = await self._db.tickets.count_documents(query)
            # Those are many; that they are the rest is known without counting them.
            every = await self._db.tickets.estimated_document_count()
            now = await self._db.now()
            oldest = await self._db.tickets.find_one({"due": {"$lte": now}}, sort=[("due", 1)])
        counts[Status.RESOLVED.value] = max(0, every - sum(counts.values()))
        return counts, (now - oldest["due"]).total_seconds() if oldest else 0.0

    async def _parse_or_quarantine(self, documents: list[Document], now: datetime) -> list[Ticket]:
        """The tickets in these documents; one that is damaged is set aside, and holds up nobody."""
        tickets = []
        for document in documents:
            try:
                tickets.append(ticket_from_document(document))
            except CorruptDocument as damaged:
                of = document["_id"]
                log.warning("%s is set aside: %s", of, damaged.__cause__, extra={"ticket": str(of)})
                change = {"set_aside": {"at": now, "why": str(damaged.__cause__)[:500]}}
                write = {"$set": change, "$unset": {"due": "", "dead": ""}}
                await self._db.tickets.update_one({"_id": document["_id"]}, write)
        return tickets

    async def ticket_ids_by_assignee(self, team_id: str) -> dict[str, list[str]]:
        """By Slack id: the ids of the tickets that a person has, offered or claimed."""
        statuses = [status.value for status in ASSIGNED_STATUSES]
        query = {"team_id": team_id, "status": {"$in": statuses}}
        held: defaultdict[str, list[str]] = defaultdict(list)
        async with translate_errors():
            async for document in self._db.tickets.find(query, {"assignee": 1}):
                held[document.get("assignee", "")].append(document["_id"])
        return held

    async def raise_alarm(self, team_id: str, step: Step, ticket_id: str) -> str:
        """The ticket that admins are told of when a step of this kind dies: the first one."""
        first = {"$setOnInsert": {"ticket_id": ticket_id}}
        async with translate_errors():
            alarm = await self._db.upsert("alarms", f"{team_id}:{step}", first)
        told: str = alarm["ticket_id"]
        return told

    async def clear_alarm(self, team_id: str, step: Step) -> None:
        """Have admins told anew when a step of this kind dies again."""
        async with translate_errors():
            await self._db.alarms.delete_one({"_id": f"{team_id}:{step}"})
