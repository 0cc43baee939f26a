"""MongoDB and Redis of one's own: found, started, killed, frozen, and there again."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import AsyncMongoClient, WriteConcern
from pymongo.errors import OperationFailure
from redis.asyncio import Redis
from redis.exceptions import TimeoutError as RedisTimeoutError

from sandbox.services.database_servers import DatabaseServers

Mongo = AsyncMongoClient[dict[str, Any]]


@pytest.fixture(scope="module")
async def servers() -> AsyncIterator[DatabaseServers]:
    async with DatabaseServers() as servers:
        yield servers


@pytest.fixture
async def mongo(servers: DatabaseServers) -> AsyncIterator[Mongo]:
    async with Mongo(servers.mongodb_uri, timeoutMS=5000) as client:
        yield client


@pytest.fixture
async def redis(servers: DatabaseServers) -> AsyncIterator[Redis]:
    client = Redis.from_url(servers.new_redis_url(), socket_timeout=0.2, decode_responses=True)
    yield client
    await client.aclose()


async def test_each_url_of_redis_is_a_database_of_its_own(
    servers: DatabaseServers, redis: Redis
) -> None:
    await redis.set("bell", "rung")

    other = Redis.from_url(servers.new_redis_url(), decode_responses=True)

    assert await redis.get("bell") == "rung"
    assert await other.get("bell") is None
    await other.aclose()


async def test_redis_forgets_nothing_for_want_of_room(redis: Redis) -> None:
    assert await redis.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


async def test_what_mongodb_has_journaled_outlives_its_death(servers: DatabaseServers) -> None:
    # Closed before: a client that sees its server die leaks a socket when it is closed.
    async with Mongo(servers.mongodb_uri, timeoutMS=5000) as before:
        tickets = before["desk"].get_collection("tickets", write_concern=WriteConcern(j=True))
        await tickets.insert_one({"_id": "T-1"})

    await servers.mongodb.kill()
    assert not await _answers(servers.mongodb_uri)
    await servers.mongodb.start()

    async with Mongo(servers.mongodb_uri, timeoutMS=5000) as after:
        assert await after["desk"]["tickets"].find_one() == {"_id": "T-1"}


async def test_redis_comes_back_empty_at_the_same_address(
    servers: DatabaseServers, redis: Redis
) -> None:
    await redis.set("bell", "rung")

    await servers.redis.kill()
    await servers.redis.start()

    assert await redis.get("bell") is None


async def test_frozen_redis_is_silent_and_thawed_it_goes_on(
    servers: DatabaseServers, redis: Redis
) -> None:
    await redis.set("bell", "rung")

    servers.redis.suspend()
    with pytest.raises(RedisTimeoutError):
        await redis.get("bell")
    servers.redis.resume()

    assert await redis.get("bell") == "rung"


async def test_mongodb_fails_a_command_when_asked_to(mongo: Mongo) -> None:
    """So that a test can have a write fail, or fail after it was done."""
    fault = {"failCommands": ["insert"], "errorCode": 112}

    await mongo.admin.command("configureFailPoint", "failCommand", mode={"times": 1}, data=fault)

    with pytest.raises(OperationFailure) as failed:
        await mongo["desk"]["tickets"].insert_one({"_id": "T-2"})
    assert failed.value.code == 112


async def test_a_folder_keeps_the_data_for_the_next_time(tmp_path: Path) -> None:
    async with DatabaseServers(tmp_path) as first, Mongo(first.mongodb_uri) as client:
        await client["desk"]["tickets"].insert_one({"_id": "T-1"})

    async with DatabaseServers(tmp_path) as second:
        async with Mongo(second.mongodb_uri) as client:
            assert await client["desk"]["tickets"].find_one() == {"_id": "T-1"}
        await second.mongodb.kill()  # to end in good order takes it two seconds


async def test_without_a_folder_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    async with DatabaseServers() as servers:
        assert _inside(tmp_path)
        processes = (servers.mongodb, servers.redis)

    assert _inside(tmp_path) == []
    assert not any(process.is_alive for process in processes)


def _inside(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def _answers(uri: str) -> bool:
    host, _, port = uri.rpartition("/")[2].partition(":")
    try:
        _reader, writer = await asyncio.open_connection(host, int(port))
    except ConnectionRefusedError:
        return False
    writer.close()
    return True
