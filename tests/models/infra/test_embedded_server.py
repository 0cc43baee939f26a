"""Each query for the embedded server returns what the plain query returns."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from models.clock import utc_now
from models.infra.database import Collection, Document
from models.infra.embedded_server import (
    find_by_index,
    first_by_number,
    match_stages,
    newest_by_number,
    newest_by_time,
)
from sandbox.services.database_servers import DatabaseServers
from tests.models.mongo_command_log import MongoCommandLog
from tests.service_factory import run_services

COUNT = 1000
TEAM = {"team_id": "T1"}
# All documents of a minute have the same time, and some are far apart.
AGES = [
    timedelta(minutes=number // 7, days=number // 400 * 3 + number // 900 * 600)
    for number in range(COUNT)
]


@pytest.fixture(scope="module")
def command_log() -> MongoCommandLog:
    return MongoCommandLog("embedded")


@pytest.fixture(scope="module")
async def collection(
    servers: DatabaseServers, command_log: MongoCommandLog
) -> AsyncIterator[Collection]:
    """A collection with documents of two workspaces, of all ages."""
    async with run_services(servers, mongodb_database=command_log.database) as services:
        # The audit log has an index on workspace and time.
        collection: Collection = services.database.audit
        now = utc_now()
        await collection.insert_many(
            [
                {
                    "_id": f"{number * 7919 % COUNT:04}",
                    "team_id": "T2" if number % 11 == 0 else "T1",
                    "number": number,
                    "color": "red" if number % 90 == 2 else "blue",
                    "at": now - AGES[COUNT - number - 1],
                }
                for number in range(COUNT)
            ]
        )
        command_log.queries.clear()
        yield collection


@pytest.mark.parametrize("color", ["red", "blue", "green"])
async def test_matching_documents(collection: Collection, color: str) -> None:
    filters = {"color": color}

    found = await collection.aggregate(match_stages(TEAM, filters)).to_list()
    hinted = await find_by_index(
        collection, {**TEAM, **filters}, "team_id_1_at_-1__id_-1"
    ).to_list()

    plain = await collection.find({**TEAM, **filters}).to_list()
    assert _ids(found) == _ids(hinted) == _ids(plain)
    assert bool(plain) is (color != "green")


@pytest.mark.parametrize("team_id", ["T1", "T2", "T3"])
async def test_document_with_the_lowest_number(collection: Collection, team_id: str) -> None:
    for query in ({"team_id": team_id}, {"team_id": team_id, "_id": f"{950 * 7919 % COUNT:04}"}):
        plain = await collection.find_one(query, sort=[("number", 1)])

        assert await first_by_number(collection, query) == plain


@pytest.mark.parametrize("is_selective", [True, False])
@pytest.mark.parametrize("filters", [{}, {"color": "red"}, {"color": "green"}], ids=str)
@pytest.mark.parametrize("before_number", [COUNT, 600, 1])
async def test_documents_with_the_highest_numbers(
    collection: Collection, before_number: int, filters: Document, is_selective: bool
) -> None:
    for limit in (1, 7, COUNT):
        found = await newest_by_number(
            collection,
            TEAM,
            filters,
            before_number=before_number,
            limit=limit,
            is_selective=is_selective,
        )

        query = {**TEAM, **filters, "number": {"$gt": 0, "$lt": before_number}}
        assert found == await collection.find(query).sort("number", -1).limit(limit).to_list()


@pytest.mark.parametrize("position", [None, 3, 500, 998])
async def test_newest_documents(collection: Collection, position: int | None) -> None:
    order = [("at", -1), ("_id", -1)]
    sorted_all = await collection.find(TEAM).sort(order).to_list()
    before = None if position is None else sorted_all[min(position, len(sorted_all) - 1)]
    older = (
        {
            "$or": [
                {"at": {"$lt": before["at"]}},
                {"at": before["at"], "_id": {"$lt": before["_id"]}},
            ]
        }
        if before
        else {}
    )
    for limit in (1, 7, COUNT):
        found = await newest_by_time(collection, TEAM, before=before, limit=limit)

        plain = await collection.find({**TEAM, **older}).sort(order).limit(limit).to_list()
        assert found == plain


async def test_documents_with_chosen_fields(collection: Collection) -> None:
    [found] = await newest_by_time(collection, TEAM, limit=1, fields=("color",))

    assert found.keys() == {"_id", "color"}


async def test_newest_documents_are_found_by_reading_few(
    servers: DatabaseServers, collection: Collection, command_log: MongoCommandLog
) -> None:
    command_log.queries.clear()

    assert len(await newest_by_time(collection, TEAM, limit=7)) == 7

    plans = [
        await query.explain(servers.mongodb_uri, command_log.database)
        for query in command_log.queries
    ]
    assert sum(plan["executionStats"]["totalDocsExamined"] for plan in plans) < COUNT / 5


def _ids(documents: list[Document]) -> list[str]:
    return sorted(document["_id"] for document in documents)
