"""What the store asks of MongoDB must not cost more with every ticket there is."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import SecretStr
from pymongo import AsyncMongoClient, monitoring
from pymongo.monitoring import CommandFailedEvent, CommandStartedEvent, CommandSucceededEvent

from models.store import Store
from models.ticket import Draft, Pending, Step, Ticket
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
            search = {key: command[key] for key in ("filter", "sort", "limit") if key in command}
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
    store = Store(SecretStr(servers.mongodb_uri), DATABASE, answer_within=5)
    yield store
    store.close()


async def test_every_search_among_tickets_uses_an_index(
    servers: Servers, store: Store, overheard: Overheard
) -> None:
    await store.prepare()
    number, now = await store.next_number()
    draft = Draft(key="view:V1", team_id="T1", requester="UADA", title="VPN")
    pending = (Pending(step=Step.TRIAGE, version=0, lease=0, due=now),)
    ticket = Ticket(id=f"T-{number}", opened_at=now, pending=pending, **draft.model_dump())

    await store.insert(ticket)
    assert await store.insert(ticket) == ticket
    await store.ticket(ticket.id)
    written = await store.replace(ticket, ticket)
    assert (await store.due_tickets(limit=5))[0] == [written]
    await store.open_tickets("T1")

    assert set(overheard.searches) == {"key", "_id", "_id rev", "due", "team_id status"}
    async with AsyncMongoClient[dict[str, Any]](servers.mongodb_uri) as client:
        # What names the _id is found by it on every server; not every one's `explain` says so.
        for search in (one for one in overheard.searches.values() if "_id" not in one["filter"]):
            plan = await client[DATABASE].command("explain", {"find": "tickets", **search})
            stages = json.dumps(plan, default=str)
            assert "IXSCAN" in stages, search
            assert "COLLSCAN" not in stages, search
