"""Intake: tickets that arrive together are stored in batches, as correctly as one by one."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime
from math import ceil

import pytest
from pydantic import SecretStr

from models.infra.database import Database
from models.people.guest_admission import GuestAdmission
from models.people.store import MemberStore
from models.ticket_store.documents import ticket_number
from models.ticket_store.intake import MAX_BATCH, TicketFactory, TicketIntake
from models.ticket_store.store import TicketStore
from models.tickets.ticket import Draft, Ticket
from models.workspace.settings_store import SettingsStore
from sandbox.services.database_servers import DatabaseServers
from tests.models.mongo_command_log import MongoCommandLog

SUBMISSIONS, REPEATED = 50, 3


@pytest.fixture(scope="module")
def command_log() -> MongoCommandLog:
    return MongoCommandLog("openings")


@pytest.fixture
async def database(
    servers: DatabaseServers, command_log: MongoCommandLog
) -> AsyncIterator[Database]:
    database = Database(SecretStr(servers.mongodb_uri), command_log.database, timeout_seconds=5)
    await TicketStore(database).prepare()
    command_log.commands.clear()
    yield database
    database.close()


@pytest.fixture
def intake(database: Database) -> TicketIntake:
    return TicketIntake(
        database,
        SettingsStore(database),
        GuestAdmission(database, MemberStore(database, SettingsStore(database))),
    )


def ticket_factory(key: str, title: str = "VPN") -> TicketFactory:
    draft = Draft(key=key, team_id="T1", requester="UADA", title="")

    def make_ticket(number: int, now: datetime) -> Ticket:
        fields = draft.model_dump() | {"title": title}
        return Ticket.model_construct(id=f"T-{number}", opened_at=now, **fields)

    return make_ticket


async def test_concurrent_submissions_get_one_ticket_each_in_few_calls(
    intake: TicketIntake, command_log: MongoCommandLog
) -> None:
    keys = [f"view:{max(n, REPEATED)}" for n in range(1, SUBMISSIONS + 1)]

    tickets = await asyncio.gather(*(intake.insert(ticket_factory(key)) for key in keys))

    assert [ticket.key for ticket in tickets] == keys
    ticket_ids = {ticket.id for ticket in tickets}
    assert len(ticket_ids) == SUBMISSIONS - REPEATED + 1
    numbers = sorted(map(ticket_number, ticket_ids))
    assert {ticket.id for ticket in tickets[:REPEATED]} <= ticket_ids
    assert len({ticket.id for ticket in tickets[:REPEATED]}) == 1
    assert numbers[-1] - numbers[0] < SUBMISSIONS
    calls = Counter(command_log.commands)
    # Two batches of one start at once, full batches follow, and each repeated key costs one find.
    max_batches = 2 + ceil(SUBMISSIONS / MAX_BATCH)
    assert calls["findAndModify", "counters"] <= max_batches
    assert calls["insert", "tickets"] <= max_batches
    assert calls["find", "tickets"] <= REPEATED
    # Each batch reads the guest policies once; no policy denies guests, so no member is read.
    assert 0 < calls["find", "workspace_settings"] <= calls["findAndModify", "counters"]
    assert calls["find", "members"] == 0


async def test_numbers_have_no_gaps(intake: TicketIntake) -> None:
    tickets = []
    for size in (1, 7, SUBMISSIONS - 8):
        inserts = (intake.insert(ticket_factory(f"gap:{size}:{n}")) for n in range(size))
        tickets += await asyncio.gather(*inserts)
    numbers = sorted(ticket_number(ticket.id) for ticket in tickets)

    assert numbers == list(range(numbers[0], numbers[0] + SUBMISSIONS))


async def test_ticket_that_cannot_be_encoded_fails_alone(
    intake: TicketIntake, database: Database
) -> None:
    factories = [
        ticket_factory(f"odd:{n}", "half a pair: \ud800" if n == 7 else "VPN") for n in range(20)
    ]

    results = await asyncio.gather(*map(intake.insert, factories), return_exceptions=True)

    [failed] = [n for n, result in enumerate(results) if isinstance(result, BaseException)]
    assert failed == 7
    assert isinstance(results[7], UnicodeEncodeError)
    for ticket in results:
        if isinstance(ticket, Ticket):
            assert (await TicketStore(database).get_ticket(ticket.id))[0].key == ticket.key
