"""A crowd's tickets are numbered and stored together, and are the same as if each came alone."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import datetime
from math import ceil

import pytest
from pydantic import SecretStr

from models.infra.database import Database
from models.people.guest_policy_store import GuestPolicyStore
from models.tickets.documents import ticket_number
from models.tickets.intake import MAX_BATCH, TicketFactory, TicketIntake
from models.tickets.store import TicketStore
from models.tickets.ticket import Draft, Ticket
from sandbox.services.database_servers import DatabaseServers
from tests.models.mongo_command_log import MongoCommandLog

MANY, SAME = 50, 3


@pytest.fixture(scope="module")
def command_log() -> MongoCommandLog:
    return MongoCommandLog("openings")


@pytest.fixture
async def database(
    servers: DatabaseServers, command_log: MongoCommandLog
) -> AsyncIterator[Database]:
    """A database whose connections are there."""
    database = Database(SecretStr(servers.mongodb_uri), command_log.database, timeout_seconds=5)
    await TicketStore(database).prepare()
    command_log.commands.clear()
    yield database
    database.close()


@pytest.fixture
def intake(database: Database) -> TicketIntake:
    return TicketIntake(database, GuestPolicyStore(database))


def made(key: str, title: str = "VPN") -> TicketFactory:
    draft = Draft(key=key, team_id="T1", requester="UADA", title="")

    def make(number: int, now: datetime) -> Ticket:
        known = draft.model_dump() | {"title": title}
        return Ticket.model_construct(id=f"T-{number}", opened_at=now, **known)

    return make


async def test_of_many_at_once_each_gets_one_ticket_and_a_number_of_its_own(
    intake: TicketIntake, command_log: MongoCommandLog
) -> None:
    keys = [f"view:{max(n, SAME)}" for n in range(1, MANY + 1)]

    tickets = await asyncio.gather(*(intake.insert(made(key)) for key in keys))

    assert [one.key for one in tickets] == keys
    different = {one.id for one in tickets}
    assert len(different) == MANY - SAME + 1
    numbers = sorted(map(ticket_number, different))
    assert {one.id for one in tickets[:SAME]} <= different
    assert len({one.id for one in tickets[:SAME]}) == 1
    assert numbers[-1] - numbers[0] < MANY
    asked = Counter(command_log.commands)
    # Two go at once, then the others by the dozen; and one look for each that was there already.
    most = 2 + ceil(MANY / MAX_BATCH)
    assert asked["findAndModify", "counters"] <= most
    assert asked["insert", "tickets"] <= most
    assert asked["find", "tickets"] <= SAME
    # Whether guests may open any is asked beside the numbering, and nothing of anybody.
    assert 0 < asked["find", "configurations"] <= asked["findAndModify", "counters"]
    assert asked["find", "members"] == 0


async def test_numbers_have_no_gaps(intake: TicketIntake) -> None:
    tickets = []
    for crowd in (1, 7, MANY - 8):
        opening = (intake.insert(made(f"gap:{crowd}:{n}")) for n in range(crowd))
        tickets += await asyncio.gather(*opening)
    numbers = sorted(ticket_number(one.id) for one in tickets)

    assert numbers == list(range(numbers[0], numbers[0] + MANY))


async def test_what_can_not_be_stored_fails_alone(intake: TicketIntake, database: Database) -> None:
    makes = [made(f"odd:{n}", "half a pair: \ud800" if n == 7 else "VPN") for n in range(20)]

    opened = await asyncio.gather(*map(intake.insert, makes), return_exceptions=True)

    [failed] = [place for place, one in enumerate(opened) if isinstance(one, BaseException)]
    assert failed == 7
    assert isinstance(opened[7], UnicodeEncodeError)
    for one in opened:
        if isinstance(one, Ticket):
            assert (await TicketStore(database).get_ticket(one.id))[0].key == one.key
