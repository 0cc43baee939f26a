"""What the store keeps, on a real database: damaged documents, owners, roles."""

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr
from pymongo import AsyncMongoClient

from models.clock import now
from models.configuration import DEFAULT
from models.database import Database
from models.member import Profile, Role
from models.store import Store
from sandbox.servers import Servers

DATABASE = "store"


@pytest.fixture
def store(servers: Servers) -> Iterator[Store]:
    database = Database(SecretStr(servers.mongodb_uri), DATABASE, answer_within=5)
    yield Store(database)
    database.close()


async def test_what_is_damaged_holds_up_nobody_else(
    servers: Servers, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    await store.set_role("T8", "UBOB", role=Role.MODERATOR, skills=["vpn"])
    await store.set_role("T8", "UEVE", role=Role.MODERATOR, skills=["vpn"])
    async with AsyncMongoClient[dict[str, Any]](servers.mongodb_uri) as client:
        database = client[DATABASE]
        await database.members.update_one({"slack_id": "UEVE"}, {"$set": {"skills": 7}})
        await database.configurations.insert_one({"_id": "T8", "skills": "secret"})
        await database.tickets.insert_one({"_id": "T-X", "team_id": "T8", "status": "claimed"})

    assert [member.slack_id for member in await store.moderators("T8")] == ["UBOB"]
    assert await store.configuration("T8") == DEFAULT
    assert await store.open_tickets("T8") == {"": ["T-X"]}
    assert "UEVE" in caplog.text
    assert "secret" not in caplog.text


async def test_an_owner_who_was_given_a_role_keeps_it(store: Store) -> None:
    owner = Profile(name="Grace", email=None, tz="UTC", owner=True, active=True)
    fresh = await store.member("T9", "UNEW")
    given = await store.set_role("T9", "UGIVEN", role=Role.USER)

    assert (await store.set_profile(fresh, owner, at=now())).role is Role.ADMIN
    assert (await store.set_profile(given, owner, at=now())).role is Role.USER
