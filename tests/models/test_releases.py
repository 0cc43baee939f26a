"""A database of each earlier release opens in this one, and nothing in it is lost."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from bson import json_util
from pymongo import AsyncMongoClient

from models.people.member import Member
from models.ticket_service import TicketService
from models.tickets.action import Verb
from models.tickets.ticket import Status
from sandbox.services.database_servers import DatabaseServers
from tests.project import ROOT
from tests.service_factory import run_service

DUMPS = sorted((ROOT / "tests" / "data" / "releases").glob("*.json"))
_AWARE = json_util.JSONOptions(tz_aware=True)
Dump = dict[str, list[dict[str, Any]]]


@pytest.fixture(params=DUMPS, ids=lambda path: path.stem)
def dump(request: pytest.FixtureRequest) -> Dump:
    """All documents of a database, by collection, as that release wrote them."""
    path: Path = request.param
    collections: Dump = json_util.loads(path.read_text(encoding="utf-8"), json_options=_AWARE)
    return collections


@pytest.fixture
async def service(servers: DatabaseServers, dump: Dump) -> AsyncIterator[TicketService]:
    """This release on the database of that one."""
    async with run_service(servers) as service:
        name = service.settings.mongodb_database
        async with AsyncMongoClient[dict[str, Any]](servers.mongodb_uri) as client:
            for collection, documents in dump.items():
                await client[name][collection].delete_many({})
                if documents:
                    await client[name][collection].insert_many(documents)
        await service.prepare(dump["tickets"][0]["team_id"])
        yield service


async def test_tickets_keep_all_their_fields(service: TicketService, dump: Dump) -> None:
    """A ticket that this release reads and writes again differs in its revision alone."""
    for document in dump["tickets"]:
        await service.update_ticket(document["_id"], lambda ticket, _now: ticket)

    written = [document async for document in service.database.tickets.find().sort("_id", 1)]
    before = sorted(dump["tickets"], key=lambda document: str(document["_id"]))
    assert len(written) == len(before)
    for new, old in zip(written, before, strict=True):
        assert_keeps(new, old | {"rev": new["rev"]})


async def test_renamed_attributes_hold_the_stored_values(
    service: TicketService, dump: Dump
) -> None:
    for document in dump["tickets"]:
        ticket, _ = await service.tickets.get_ticket(document["_id"])
        assert list(ticket.declined_by) == document["tried"]
        assert bool(ticket.original_triage) is bool(document["said"])
        assert [step.requested_rev for step in ticket.pending] == [
            step["asked"] for step in document["pending"]
        ]
    assert any(document["tried"] for document in dump["tickets"])
    assert any(document["said"] for document in dump["tickets"])


async def test_offered_ticket_can_be_claimed(service: TicketService, dump: Dump) -> None:
    offered = next(one for one in dump["tickets"] if one["status"] == Status.OFFERED.value)
    member = await service.members.find_member(offered["team_id"], offered["assignee"])
    assert isinstance(member, Member)

    ticket = await service.move(offered["_id"], Verb.CLAIM, actor=member)

    assert ticket.status is Status.CLAIMED


async def test_people_lists_and_logs_can_be_read(service: TicketService, dump: Dump) -> None:
    team_id = dump["tickets"][0]["team_id"]

    taxonomy = await service.taxonomies.get_taxonomy(team_id)
    assert [category.name for category in taxonomy.categories] == [
        category["name"] for category in dump["configurations"][0]["categories"]
    ]
    assert not (await service.workspace_settings.load(team_id)).guests
    moderators = {member.slack_id for member in await service.members.moderators(team_id)}
    assert moderators == {
        member["slack_id"] for member in dump["members"] if member["role"] != "user"
    }
    entries = await service.audit_log.entries(team_id)
    assert len(entries) == len(dump["audit"])
    examples = await service.training_store.latest(team_id, limit=100)
    assert {example.ticket_id for example in examples} == {
        lesson["_id"] for lesson in dump["lessons"]
    }
    for token in dump["tokens"]:
        assert await service.api_tokens.active_tokens(team_id, token["slack_id"])


def assert_keeps(new: Any, old: Any) -> None:
    """Fail unless all fields of the old value, however deep, are in the new one."""
    if isinstance(old, dict):
        for name, value in old.items():
            assert_keeps(new[name], value)
    elif isinstance(old, list):
        assert len(new) == len(old)
        for new_item, old_item in zip(new, old, strict=True):
            assert_keeps(new_item, old_item)
    else:
        assert new == old
