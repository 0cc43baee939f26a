"""Ticket intake: numbers and stores new tickets, in batches when many arrive together."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from models.infra.batching import Batcher
from models.infra.database import Database, Document, encode_document, translate_errors
from models.people.guest_admission import GuestAdmission
from models.ticket_store.documents import ticket_from_document, ticket_to_document
from models.tickets.ticket import Ticket
from models.workspace.settings_store import SettingsStore

_OVERLOAD_THRESHOLD = 4
# A small batch lets the bot prepare the next tickets while MongoDB stores the ones before them.
MAX_BATCH = 12
# Returns the new ticket, given its number and the database's time.
TicketFactory = Callable[[int, datetime], Ticket]
_IntakeResult = tuple[Ticket, Document | None]


class TicketIntake:
    """Stores new tickets."""

    def __init__(
        self, database: Database, settings_store: SettingsStore, guest_admission: GuestAdmission
    ) -> None:
        self._db = database
        self._settings_store = settings_store
        self._guest_admission = guest_admission
        self._batcher = Batcher(self._insert_batch, max_batch=MAX_BATCH, max_in_flight=2)

    @property
    def is_overloaded(self) -> bool:
        """Whether so many tickets wait for intake that callers should postpone other work."""
        return len(self._batcher) >= _OVERLOAD_THRESHOLD

    async def insert(self, make_ticket: TicketFactory) -> Ticket:
        """Store a new ticket, or return the stored ticket of the same submission.

        Raises:
            NotAllowed: the guest policy denies guests, and the requester is or may be a guest.
        """
        async with translate_errors():
            ticket, stored = await self._batcher(make_ticket)
        return ticket if stored is None else ticket_from_document(stored)

    async def _insert_batch(
        self, factories: list[TicketFactory]
    ) -> list[_IntakeResult | Exception]:
        # One call each numbers and stores the whole batch.
        next_numbers = {
            "last": {"$add": [{"$ifNull": ["$last", 0]}, len(factories)]},
            "at": "$$NOW",
        }
        # The guest policy is read at the same time, so its check adds no delay.
        counter, denying_teams = await asyncio.gather(
            self._db.upsert("counters", "tickets", [{"$set": next_numbers}]),
            self._settings_store.teams_denying_guests(),
        )
        first_number = counter["last"] - len(factories) + 1
        tickets = [
            make_ticket(number, counter["at"])
            for number, make_ticket in enumerate(factories, start=first_number)
        ]
        refusals = await self._guest_admission.find_refusals(
            {ticket.id: (ticket.team_id, ticket.requester) for ticket in tickets}, denying_teams
        )
        documents = [
            refusals.get(ticket.id) or encode_document(ticket_to_document(ticket))
            for ticket in tickets
        ]
        accepted = [document for document in documents if not isinstance(document, Exception)]
        stored = iter(await self._db.insert_all_if_absent("tickets", accepted, unique="key"))
        return [
            document if isinstance(document, Exception) else (ticket, next(stored))
            for ticket, document in zip(tickets, documents, strict=True)
        ]
