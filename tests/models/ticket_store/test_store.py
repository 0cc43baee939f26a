"""The stores on a real database: damaged documents, roles of owners, reused ticket numbers."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from pymongo import AsyncMongoClient

from models.clock import utc_now
from models.infra.database import Database
from models.people.guest_admission import GuestAdmission
from models.people.member import Profile, Role
from models.people.store import MemberStore
from models.ticket_store.intake import TicketIntake
from models.ticket_store.store import TicketStore
from models.tickets.ticket import Ticket
from models.triage.taxonomy import FALLBACK_TAXONOMY
from models.triage.taxonomy_store import TaxonomyStore
from models.workspace.settings_store import SettingsStore
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
    return MemberStore(database, SettingsStore(database))


async def test_damaged_documents_do_not_stop_queries(
    servers: DatabaseServers,
    database: Database,
    store: TicketStore,
    members: MemberStore,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await members.set_role("T8", "UBOB", role=Role.MODERATOR, skills=["vpn"])
    await members.set_role("T8", "UEVE", role=Role.MODERATOR, skills=["vpn"])
    async with AsyncMongoClient[dict[str, Any]](servers.mongodb_uri) as client:
        mongodb = client[DATABASE]
        await mongodb.members.update_one({"slack_id": "UEVE"}, {"$set": {"skills": 7}})
        await mongodb.configurations.insert_one({"_id": "T8", "skills": "secret"})
        await mongodb.tickets.insert_one({"_id": "T-X", "team_id": "T8", "status": "claimed"})

    assert [member.slack_id for member in await members.moderators("T8")] == ["UBOB"]
    # Nobody knows which categories were private, so all are: an AI gets no ticket.
    taxonomy = await TaxonomyStore(database).get_taxonomy("T8")
    assert taxonomy == FALLBACK_TAXONOMY
    assert all(category.private for category in taxonomy.categories)
    assert await store.ticket_ids_by_assignee("T8") == {"": ["T-X"]}
    assert "UEVE" in caplog.text
    assert "secret" not in caplog.text


async def test_workspace_owner_with_an_assigned_role_keeps_it(members: MemberStore) -> None:
    owner = Profile(name="Grace", email=None, tz="UTC", is_owner=True, active=True)
    new = await members.get_or_create_member("T9", "UNEW")
    assigned = await members.set_role("T9", "UASSIGNED", role=Role.USER)

    assert (await members.set_profile(new, owner, profiled_at=utc_now())).role is Role.ADMIN
    assert (await members.set_profile(assigned, owner, profiled_at=utc_now())).role is Role.USER


async def test_write_does_not_replace_another_ticket_with_the_same_number(
    servers: DatabaseServers, database: Database, store: TicketStore
) -> None:
    """A number is given twice after a restored backup or in an emptied database."""
    fields: dict[str, Any] = {"team_id": "T7", "requester": "UADA", "title": "VPN"}
    fields |= {"description": "", "urgency": None, "confidential": False}

    def make_earlier(number: int, now: datetime) -> Ticket:
        return Ticket(id=f"T-{number}", key="view:earlier", opened_at=now, **fields)

    def make_later(number: int, now: datetime) -> Ticket:
        opened_at = now + timedelta(seconds=1)
        return Ticket(id=f"T-{number}", key="view:later", opened_at=opened_at, **fields)

    intake = TicketIntake(
        database,
        SettingsStore(database),
        GuestAdmission(database, MemberStore(database, SettingsStore(database))),
    )
    earlier = await intake.insert(make_earlier)
    async with AsyncMongoClient[dict[str, Any]](servers.mongodb_uri) as client:
        await client[DATABASE].tickets.delete_many({})
        await client[DATABASE].counters.delete_many({})
    later = await intake.insert(make_later)
    assert (later.id, later.rev) == (earlier.id, earlier.rev)

    changed = earlier.model_copy(update={"title": "Okta"})
    assert await store.compare_and_set(earlier, changed) is None
    assert (await store.get_ticket(later.id))[0] == later
    assert await store.compare_and_set(later, later) is not None
