"""What the store keeps, on a real database: damaged documents, owners, roles."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from pymongo import AsyncMongoClient

from models.clock import utc_now
from models.infra.database import Database
from models.people.guest_policy_store import GuestPolicyStore
from models.people.member import Profile, Role
from models.people.store import MemberStore
from models.tickets.intake import TicketIntake
from models.tickets.store import TicketStore
from models.tickets.ticket import Ticket
from models.triage.taxonomy import DEFAULT_TAXONOMY
from models.triage.taxonomy_store import TaxonomyStore
from sandbox.services.database_servers import DatabaseServers

DATABASE = "store"


@pytest.fixture
def database(servers: DatabaseServers) -> Iterator[Database]:
    database = Database(SecretStr(servers.mongodb_uri), DATABASE, timeout_seconds=5)
    yield database
    database.close()


@pytest.fixture
def store(database: Database) -> TicketStore:
    return TicketStore(database)


@pytest.fixture
def members(database: Database) -> MemberStore:
    return MemberStore(database)


async def test_what_is_damaged_holds_up_nobody_else(
    servers: DatabaseServers,
    database: Database,
    store: TicketStore,
    members: MemberStore,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await members.set_role("T8", "UBOB", role=Role.MODERATOR, skills=["vpn"])
    await members.set_role("T8", "UEVE", role=Role.MODERATOR, skills=["vpn"])
    async with AsyncMongoClient[dict[str, Any]](servers.mongodb_uri) as client:
        direct = client[DATABASE]
        await direct.members.update_one({"slack_id": "UEVE"}, {"$set": {"skills": 7}})
        await direct.configurations.insert_one({"_id": "T8", "skills": "secret"})
        await direct.tickets.insert_one({"_id": "T-X", "team_id": "T8", "status": "claimed"})

    assert [member.slack_id for member in await members.moderators("T8")] == ["UBOB"]
    assert await TaxonomyStore(database).get_taxonomy("T8") == DEFAULT_TAXONOMY
    assert await store.ticket_ids_by_assignee("T8") == {"": ["T-X"]}
    assert "UEVE" in caplog.text
    assert "secret" not in caplog.text


async def test_an_owner_who_was_given_a_role_keeps_it(members: MemberStore) -> None:
    owner = Profile(name="Grace", email=None, tz="UTC", is_owner=True, active=True)
    fresh = await members.get_or_create_member("T9", "UNEW")
    given = await members.set_role("T9", "UGIVEN", role=Role.USER)

    assert (await members.set_profile(fresh, owner, profiled_at=utc_now())).role is Role.ADMIN
    assert (await members.set_profile(given, owner, profiled_at=utc_now())).role is Role.USER


async def test_who_has_read_a_ticket_does_not_write_over_another_one_of_its_number(
    servers: DatabaseServers, database: Database, store: TicketStore
) -> None:
    """As after a backup was restored that is older than the ticket, or an emptied database."""
    said: dict[str, Any] = {"team_id": "T7", "requester": "UADA", "title": "VPN", "description": ""}
    said |= {"urgency": None, "confidential": False}

    def earlier(number: int, now: datetime) -> Ticket:
        return Ticket(id=f"T-{number}", key="view:earlier", opened_at=now, **said)

    def later(number: int, now: datetime) -> Ticket:
        at = now + timedelta(seconds=1)
        return Ticket(id=f"T-{number}", key="view:later", opened_at=at, **said)

    openings = TicketIntake(database, GuestPolicyStore(database))
    read = await openings.insert(earlier)
    async with AsyncMongoClient[dict[str, Any]](servers.mongodb_uri) as client:
        await client[DATABASE].tickets.delete_many({})
        await client[DATABASE].counters.delete_many({})
    stored = await openings.insert(later)
    assert (stored.id, stored.rev) == (read.id, read.rev)

    assert await store.compare_and_set(read, read.model_copy(update={"title": "Okta"})) is None
    assert (await store.get_ticket(stored.id))[0] == stored
    assert await store.compare_and_set(stored, stored) is not None
