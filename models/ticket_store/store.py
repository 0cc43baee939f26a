"""The ticket store: tickets with their pending steps, in MongoDB.

A write replaces the whole ticket and is guarded by its revision: a caller with an older revision
writes nothing. The caller decides the next state from the ticket and the database's time, which
are read together. `due` is the earliest due time of a ticket's pending steps. A sparse index on it
keeps the cost of a sweep proportional to the due steps, however many tickets exist. The index is
sparse, not partial, for the reason in `models.infra.embedded_server`.
"""

import logging
from collections import defaultdict
from datetime import datetime

from models.errors import NoSuchTicket
from models.infra.counter import counter_reader
from models.infra.database import Database, Document, index, translate_errors
from models.infra.document_reader import DocumentReader
from models.infra.embedded_server import find_by_index
from models.people.member import Member
from models.ticket_store.documents import (
    SCHEMA_VERSION,
    ticket_from_document,
    ticket_to_document,
)
from models.tickets.actions import Verb
from models.tickets.pending_step import Step
from models.tickets.permissions import check
from models.tickets.ticket import ASSIGNED_STATUSES, Status, Ticket

MAX_TICKET_NUMBER = 999_999_999
_STEP_NAMES = [step.value for step in Step]
_OPEN_STATUSES = [status.value for status in Status if status is not Status.RESOLVED]
log = logging.getLogger(__name__)
# `prepare` creates these indexes, and the doctor checks that they exist.
_LIST_INDEX_FIELDS = (("number",), ("status", "number"), ("people", "number"), ("words", "number"))
INDEX_NAMES = frozenset(
    {"key_1", "due_1", "dead_1", "lost_card_1", "set_aside.at_1", "team_id_1_history.at_1"}
    | {f"team_id_1_{'_1_'.join(fields)}_-1" for fields in _LIST_INDEX_FIELDS}
)


# Workers of a newer release run the steps of the tickets that only it reads. Here these must not
# take the places of others.
_READABLE = {"schema": {"$not": {"$gt": SCHEMA_VERSION}}}


class TicketStore:
    """The tickets of all workspaces, with their pending steps, and the alarms for dead steps.

    Attributes:
        reader: reads documents of tickets.
    """

    def __init__(self, database: Database) -> None:
        self._db = database
        self.reader = DocumentReader(
            database, "tickets", ticket_from_document, schema_version=SCHEMA_VERSION
        )
        self._counter_reader = counter_reader(database)

    async def prepare(self) -> None:
        """Create the indexes and the ticket counter, unless they exist."""
        async with translate_errors():
            await self._db.tickets.create_indexes(
                [
                    index("key", unique=True),
                    index("due", sparse=True),
                    index("dead", sparse=True),
                    index("lost_card", sparse=True),
                    index("set_aside.at", sparse=True),
                    *(
                        index("team_id", *fields, f"-{number}")
                        for *fields, number in _LIST_INDEX_FIELDS
                    ),
                    index("team_id", "history.at"),
                ]
            )
            await self._db.upsert("counters", "tickets", {"$setOnInsert": {"last": 0}})

    async def last_number(self) -> int:
        """The number of the newest ticket, or the highest possible one if its counter is damaged.

        It is 0 before the first ticket.
        """
        async with translate_errors():
            document = await self._db.counters.find_one({"_id": "tickets"})
            counter = await self._counter_reader.read_or_none(document)
        if document is None:
            return 0
        return MAX_TICKET_NUMBER if counter is None or counter.last is None else counter.last

    async def get_ticket(self, ticket_id: str) -> tuple[Ticket, datetime]:
        """The ticket, and the database's time of the read.

        Raises:
            NoSuchTicket: no ticket has this id.
            CorruptDocument: its document is damaged.
        """
        async with translate_errors():
            document = await self._db.read("tickets", ticket_id, with_server_time=True)
        if document is None:
            raise NoSuchTicket
        return ticket_from_document(document), document["now"]

    async def get_for(self, member: Member, ticket_id: str, verb: Verb) -> Ticket:
        """The ticket, for a person who wants to do this with it.

        Raises:
            NoSuchTicket: there is no such ticket that they may see.
            NotAllowed: they may see it, but not do this.
            CorruptDocument: its document is damaged.
        """
        ticket, _ = await self.get_ticket(ticket_id)
        check(verb, member, ticket)
        return ticket

    async def compare_and_set(self, before: Ticket, after: Ticket) -> Ticket | None:
        """Store the next state of a ticket; None when another write came first."""
        stored = after.model_copy(update={"rev": before.rev + 1})
        # After a backup is restored, another ticket may have the same number.
        expected = {"_id": before.id, "rev": before.rev, "opened_at": before.opened_at}
        async with translate_errors():
            is_stored = await self._db.compare_and_set(
                "tickets", expected, ticket_to_document(stored)
            )
        return stored if is_stored else None

    async def due_tickets(self, *, limit: int) -> tuple[list[Ticket], datetime]:
        """Tickets with a due step of this release, the longest due first, and the database's time.

        Steps and tickets of a newer release wait for its workers. They must not fill the limit.
        """
        async with translate_errors():
            now = await self._db.now()
            due_step = {"$elemMatch": {"due": {"$lte": now}, "step": {"$in": _STEP_NAMES}}}
            # A damaged ticket may have no steps at all; it must be found to be quarantined.
            pending: list[Document] = [{"pending": due_step}, {"pending": None}]
            query = {"due": {"$lte": now}, **_READABLE, "$or": pending}
            cursor = find_by_index(self._db.tickets, query, "due_1").sort("due", 1).limit(limit)
            return await self._parse_or_quarantine(await cursor.to_list(limit), now), now

    async def dead_tickets(self, *, limit: int) -> list[Ticket]:
        """Tickets with a dead step, the longest dead first."""
        async with translate_errors():
            now = await self._db.now()
            query = {"dead": {"$lte": now}, **_READABLE}
            cursor = find_by_index(self._db.tickets, query, "dead_1").sort("dead", 1).limit(limit)
            return await self._parse_or_quarantine(await cursor.to_list(limit), now)

    async def tickets_with_lost_card(self, *, limit: int) -> list[Ticket]:
        """Open tickets whose requester or assignee has no card, and no step will send one."""
        async with translate_errors():
            now = await self._db.now()
            query = {"lost_card": True, **_READABLE}
            cursor = find_by_index(self._db.tickets, query, "lost_card_1").limit(limit)
            return await self._parse_or_quarantine(await cursor.to_list(), now)

    async def quarantined_tickets(self, *, limit: int) -> dict[str, str]:
        """By ticket id: why the ticket is in quarantine. Workers skip these tickets."""
        async with translate_errors():
            query = {"set_aside.at": {"$lte": await self._db.now()}}
            cursor = self._db.tickets.find(query, {"set_aside": 1}).limit(limit)
            return {
                str(document["_id"]): str(document["set_aside"].get("why", ""))
                async for document in cursor
            }

    async def release_from_quarantine(self, ticket_id: str) -> None:
        """Return a ticket to the workers after its document was repaired.

        Raises:
            NoSuchTicket: the document was deleted.
            CorruptDocument: the document is still damaged.
        """
        ticket, _ = await self.get_ticket(ticket_id)
        # The write replaces the whole document, and so removes `set_aside`.
        await self.compare_and_set(ticket, ticket)

    async def backlog(self, team_id: str) -> tuple[dict[str, int], float]:
        """Ticket counts by status, and for how many seconds the oldest due step has been due."""
        counts = {}
        async with translate_errors():
            for status in (status.value for status in Status if status is not Status.RESOLVED):
                query = {"team_id": team_id, "status": status}
                counts[status] = await self._db.tickets.count_documents(query)
            # Counting resolved tickets would be slow, so they are the total minus the others.
            total = await self._db.tickets.estimated_document_count()
            now = await self._db.now()
            oldest = await self._db.tickets.find_one({"due": {"$lte": now}}, sort=[("due", 1)])
        counts[Status.RESOLVED.value] = max(0, total - sum(counts.values()))
        return counts, (now - oldest["due"]).total_seconds() if oldest else 0.0

    async def _parse_or_quarantine(self, documents: list[Document], now: datetime) -> list[Ticket]:
        """The tickets; those of a newer release are left out, and workers of that release run them.

        Damaged ones leave the indexes of workers, so that they are not read again and again.
        """
        tickets, unreadable = await self.reader.split(documents)
        for _, ticket_id, reason in unreadable:
            log.warning("%s is quarantined", ticket_id, extra={"ticket": str(ticket_id)})
            quarantine = {"set_aside": {"at": now, "why": reason}}
            update = {"$set": quarantine, "$unset": {"due": "", "dead": "", "lost_card": ""}}
            await self._db.tickets.update_one({"_id": ticket_id}, update)
        return tickets

    async def ticket_ids_by_assignee(self, team_id: str) -> dict[str, list[str]]:
        """By Slack id: the ids of the tickets that are offered to a person or claimed by them."""
        statuses = [status.value for status in ASSIGNED_STATUSES]
        query = {"team_id": team_id, "status": {"$in": statuses}}
        ticket_ids: defaultdict[str, list[str]] = defaultdict(list)
        async with translate_errors():
            async for document in self._db.tickets.find(query, {"assignee": 1}):
                assignee = document.get("assignee")
                ticket_ids[assignee if isinstance(assignee, str) else ""].append(document["_id"])
        return ticket_ids

    async def open_ticket_ids_with_skill(self, team_id: str, skill: str) -> list[str]:
        """The ids of the open tickets that need a skill."""
        return await self._open_ticket_ids(team_id, {"triage.skills": skill})

    async def open_ticket_ids_with_category(self, team_id: str, category: str) -> list[str]:
        """The ids of the open tickets in a category."""
        return await self._open_ticket_ids(team_id, {"triage.category": category})

    async def _open_ticket_ids(self, team_id: str, query: Document) -> list[str]:
        query = {"team_id": team_id, "status": {"$in": _OPEN_STATUSES}, **query}
        async with translate_errors():
            return [one["_id"] async for one in self._db.tickets.find(query, {"_id": 1})]

    async def raise_alarm(self, team_id: str, step: Step, ticket_id: str) -> str:
        """The id of the ticket that admins are alerted about: the first with this dead step."""
        new_alarm = {"ticket_id": {"$ifNull": ["$ticket_id", ticket_id]}}
        async with translate_errors():
            alarm = await self._db.upsert("alarms", f"{team_id}:{step}", [{"$set": new_alarm}])
        alerted_id: str = alarm["ticket_id"]
        return alerted_id

    async def clear_alarm(self, team_id: str, step: Step) -> None:
        """Allow a new alert for the next dead step of this kind."""
        async with translate_errors():
            await self._db.alarms.delete_one({"_id": f"{team_id}:{step}"})
