"""What the store asks of MongoDB must not cost more with every ticket there is."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from pymongo import AsyncMongoClient, monitoring
from pymongo.monitoring import CommandFailedEvent, CommandStartedEvent, CommandSucceededEvent

from models.clock import now
from models.configuration import DEFAULT
from models.database import Database
from models.feed import Feed, Place
from models.member import Member, Profile, Role
from models.step import Pending, Step
from models.store import Store
from models.ticket import Draft, Ticket
from sandbox.servers import Servers

DATABASE = "store"


class Overheard(monitoring.CommandListener):
    """The searches among tickets, as the driver has sent them."""

    def __init__(self) -> None:
        self.searches: dict[str, dict[str, Any]] = {}
        monitoring.register(self)

    def started(self, event: CommandStartedEvent) -> None:
        command = event.command
        if event.database_name != DATABASE or command.get(event.command_name) != "tickets":
            return
        if "filter" in command:
            search = {
                key: command[key] for key in ("filter", "sort", "limit", "hint") if key in command
            }
        elif "pipeline" in command:
            search = {"filter": command["pipeline"][0]["$match"]}
        elif "updates" in command:
            search = {"filter": command["updates"][0]["q"]}
        else:
            return
        self.searches[" ".join(search["filter"])] = search

    def succeeded(self, event: CommandSucceededEvent) -> None:
        """Nothing to hear."""

    def failed(self, event: CommandFailedEvent) -> None:
        """Nothing to hear."""


@pytest.fixture(scope="module")
def overheard() -> Overheard:
    """The driver keeps a listener for good, and tells it of clients made after it."""
    return Overheard()


@pytest.fixture
def store(servers: Servers, overheard: Overheard) -> Iterator[Store]:
    database = Database(SecretStr(servers.mongodb_uri), DATABASE, answer_within=5)
    yield Store(database)
    database.close()


async def test_every_search_among_tickets_uses_an_index(
    servers: Servers, store: Store, overheard: Overheard
) -> None:
    await store.prepare()
    draft = Draft(key="view:V1", team_id="T1", requester="UADA", title="VPN")

    def made(number: int, now: datetime) -> Ticket:
        pending = (Pending(step=Step.TRIAGE, asked=0, lease=0, due=now),)
        return Ticket(id=f"T-{number}", opened_at=now, pending=pending, **draft.model_dump())

    ticket = await store.open(made)
    now = ticket.opened_at
    assert await store.open(made) == ticket
    await store.ticket(ticket.id)
    written = await store.replace(ticket, ticket)
    assert (await store.due_tickets(limit=5))[0] == [written]
    await store.open_tickets("T1")
    await _reads_the_feed(servers, now)

    assert set(overheard.searches) == {
        *(
            "key",
            "_id",
            "_id rev",
            "due",
            "team_id status",
            "team_id",
            "team_id history",
        ),
    }
    async with AsyncMongoClient[dict[str, Any]](servers.mongodb_uri) as client:
        # What names the _id is found by it on every server; not every one's `explain` says so.
        for search in (one for one in overheard.searches.values() if "_id" not in one["filter"]):
            plan = await client[DATABASE].command("explain", {"find": "tickets", **search})
            stages = json.dumps(plan, default=str)
            assert "IXSCAN" in stages, search
            assert "COLLSCAN" not in stages, search


async def _reads_the_feed(servers: Servers, at: datetime) -> None:
    database = Database(SecretStr(servers.mongodb_uri), DATABASE, answer_within=5)
    feed = Feed(database)
    grace = Member(team_id="T1", slack_id="UGRACE", role=Role.ADMIN)
    for place in (None, Place(at - timedelta(hours=1))):
        await feed.after(place, grace, limit=5)
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
