"""MongoDB and Redis of the sandbox: start, kill, suspend and restart."""

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


async def test_each_redis_url_has_its_own_database(servers: DatabaseServers, redis: Redis) -> None:
    await redis.set("key", "value")

    other = Redis.from_url(servers.new_redis_url(), decode_responses=True)

    assert await redis.get("key") == "value"
    assert await other.get("key") is None
    await other.aclose()


async def test_redis_evicts_nothing(redis: Redis) -> None:
    assert await redis.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}


async def test_journaled_documents_survive_a_kill(servers: DatabaseServers) -> None:
    # Closed before the kill: a client whose server has died leaks a socket on close.
    async with Mongo(servers.mongodb_uri, timeoutMS=5000) as before:
        tickets = before["frontdesk"].get_collection("tickets", write_concern=WriteConcern(j=True))
        await tickets.insert_one({"_id": "T-1"})

    await servers.mongodb.kill()
    assert not await _accepts_connections(servers.mongodb_uri)
    await servers.mongodb.start()

    async with Mongo(servers.mongodb_uri, timeoutMS=5000) as after:
        assert await after["frontdesk"]["tickets"].find_one() == {"_id": "T-1"}


async def test_redis_restarts_empty_at_the_same_address(
    servers: DatabaseServers, redis: Redis
) -> None:
    await redis.set("key", "value")

    await servers.redis.kill()
    await servers.redis.start()

    assert await redis.get("key") is None


async def test_suspended_redis_answers_after_it_resumes(
    servers: DatabaseServers, redis: Redis
) -> None:
    await redis.set("key", "value")

    servers.redis.suspend()
    with pytest.raises(RedisTimeoutError):
        await redis.get("key")
    servers.redis.resume()

    assert await redis.get("key") == "value"


async def test_mongodb_supports_fail_points(mongo: Mongo) -> None:
    """Tests use fail points to let a write fail."""
    fault = {"failCommands": ["insert"], "errorCode": 112}

    await mongo.admin.command("configureFailPoint", "failCommand", mode={"times": 1}, data=fault)

    with pytest.raises(OperationFailure) as failed:
        await mongo["frontdesk"]["tickets"].insert_one({"_id": "T-2"})
    assert failed.value.code == 112


async def test_a_folder_keeps_the_data(tmp_path: Path) -> None:
    async with DatabaseServers(tmp_path) as first, Mongo(first.mongodb_uri) as client:
        await client["frontdesk"]["tickets"].insert_one({"_id": "T-1"})

    async with DatabaseServers(tmp_path) as second:
        async with Mongo(second.mongodb_uri) as client:
            assert await client["frontdesk"]["tickets"].find_one() == {"_id": "T-1"}
        await second.mongodb.kill()  # a clean stop takes SecantusDB two seconds


async def test_temporary_data_is_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    async with DatabaseServers() as servers:
        assert _entries(tmp_path)
        processes = (servers.mongodb, servers.redis)

    assert _entries(tmp_path) == []
    assert not any(process.is_alive for process in processes)


def _entries(folder: Path) -> list[Path]:
    return list(folder.iterdir())


async def _accepts_connections(uri: str) -> bool:
    host, _, port = uri.rpartition("/")[2].partition(":")
    try:
        _reader, writer = await asyncio.open_connection(host, int(port))
    except ConnectionRefusedError:
        return False
    writer.close()
    return True
