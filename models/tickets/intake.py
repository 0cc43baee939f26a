"""New tickets, which are numbered and stored together with those of a crowd."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from models.infra.batching import Batcher
from models.infra.database import Database, Document, encode_document, translate_errors
from models.people.guest_policy_store import GuestPolicyStore
from models.tickets.documents import ticket_from_document, ticket_to_document
from models.tickets.ticket import Ticket

_OVERLOAD_THRESHOLD = 4
# While some are being stored, others are made ready: with all of a crowd in one, either would wait
# for the other.
MAX_BATCH = 12
# A new ticket, given its number and the database's time.
TicketFactory = Callable[[int, datetime], Ticket]
_IntakeResult = tuple[Ticket, Document | None]


class TicketIntake:
    """Where tickets come from."""

    def __init__(self, database: Database, guest_policies: GuestPolicyStore) -> None:
        self._db = database
        self._guest_policies = guest_policies
        self._batcher = Batcher(self._insert_batch, max_batch=MAX_BATCH, max_in_flight=2)

    @property
    def is_overloaded(self) -> bool:
        """Whether so many tickets are being opened at once that nothing else comes before them."""
        return len(self._batcher) >= _OVERLOAD_THRESHOLD

    async def insert(self, make_ticket: TicketFactory) -> Ticket:
        """Store a new ticket; give back the one that its submission already is, if it is.

        Raises:
            NotAllowed: guests may open none, and the requester is one, or may be.
        """
        async with translate_errors():
            ticket, stored = await self._batcher(make_ticket)
        return ticket if stored is None else ticket_from_document(stored)

    async def _insert_batch(
        self, factories: list[TicketFactory]
    ) -> list[_IntakeResult | Exception]:
        """Number tickets and store them, all by one question each to the database."""
        count = {"last": {"$add": [{"$ifNull": ["$last", 0]}, len(factories)]}, "at": "$$NOW"}
        # At the same time, so that nobody waits for who may open none.
        counter, closed = await asyncio.gather(
            self._db.upsert("counters", "tickets", [{"$set": count}]),
            self._guest_policies.teams_denying_guests(),
        )
        first = counter["last"] - len(factories) + 1
        tickets = [
            make(number, counter["at"]) for number, make in enumerate(factories, start=first)
        ]
        refused = await self._guest_policies.find_refusals(
            {one.id: (one.team_id, one.requester) for one in tickets}, closed
        )
        documents = [
            refused.get(one.id) or encode_document(ticket_to_document(one)) for one in tickets
        ]
        sound = [one for one in documents if not isinstance(one, Exception)]
        stored = iter(await self._db.insert_all_if_absent("tickets", sound, unique="key"))
        return [
            document if isinstance(document, Exception) else (ticket, next(stored))
            for ticket, document in zip(tickets, documents, strict=True)
        ]
