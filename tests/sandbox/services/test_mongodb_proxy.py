"""The proxy before MongoDB: it counts commands and fails exactly at the planned request."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pymongo import AsyncMongoClient
from pymongo.asynchronous.collection import AsyncCollection
from pymongo.errors import AutoReconnect, NetworkTimeout

from sandbox.services.database_servers import DatabaseServers
from sandbox.services.mongodb_proxy import FaultPoint, MongoProxy
from sandbox.services.processes import Process

Collection = AsyncCollection[dict[str, Any]]
# Prints hello, then inserts one document after the other.
WRITER = """
import sys, time
from pymongo import MongoClient
things = MongoClient(sys.argv[1])[sys.argv[2]].things
things.find_one({})
print("hello", flush=True)
for number in range(10):
    things.insert_one({"_id": number})
time.sleep(60)
"""


@pytest.fixture
async def proxy(servers: DatabaseServers) -> AsyncIterator[MongoProxy]:
    """A proxy before the tests' MongoDB."""
    async with MongoProxy(servers.mongodb_uri) as proxy:
        yield proxy


@pytest.fixture
async def direct_collection(servers: DatabaseServers) -> AsyncIterator[Collection]:
    """A new collection, without the proxy."""
    async with AsyncMongoClient[dict[str, Any]](servers.mongodb_uri) as client:
        database = client[f"proxy{uuid4().hex}"]
        yield database.things
        await client.drop_database(database)


@pytest.fixture
async def proxied_collection(
    proxy: MongoProxy, direct_collection: Collection
) -> AsyncIterator[Collection]:
    """The same collection, through the proxy."""
    options: dict[str, Any] = {"retryWrites": False, "retryReads": False, "timeoutMS": 2000}
    async with AsyncMongoClient[dict[str, Any]](proxy.uri, **options) as client:
        yield client[direct_collection.database.name].things


@pytest.fixture
async def writer_process(
    proxy: MongoProxy, direct_collection: Collection, tmp_path: Path
) -> AsyncIterator[Process]:
    """A program that inserts ten documents through the proxy; not started yet."""

    async def is_ready() -> bool:
        return "hello" in program.log

    argv = [sys.executable, "-c", WRITER, proxy.uri, direct_collection.database.name]
    program = Process("writer", argv, is_ready=is_ready, folder=tmp_path)
    yield program
    await program.kill()


async def test_commands_of_the_driver_itself_are_not_counted(
    proxy: MongoProxy, proxied_collection: Collection
) -> None:
    await proxied_collection.insert_many([{"_id": number} for number in range(10)])
    await proxied_collection.database.client.admin.command("ping")
    assert len(await proxied_collection.find(batch_size=3).to_list()) == 10
    await proxied_collection.count_documents({})

    assert proxy.counted_commands == ["insert", "find", "aggregate"]


@pytest.mark.parametrize(
    ("point", "stored_count"), [(FaultPoint.REQUEST, 2), (FaultPoint.REPLY, 3)]
)
async def test_a_process_is_killed_before_a_request_or_its_reply(
    proxy: MongoProxy,
    direct_collection: Collection,
    writer_process: Process,
    point: FaultPoint,
    stored_count: int,
) -> None:
    # The first request is the find in the empty collection.
    proxy.kill_at(writer_process, selector=4, point=point)
    with suppress(RuntimeError):  # it may be killed before its hello is read
        await writer_process.start()

    assert await proxy.wait_until(lambda: proxy.faulted_command) == "insert"

    assert not writer_process.is_alive
    assert await direct_collection.count_documents({}) == stored_count


async def test_requests_are_counted_from_the_plan_on(
    proxy: MongoProxy, proxied_collection: Collection
) -> None:
    numbers: list[int] = []
    await proxied_collection.insert_one({"_id": 1})
    await proxied_collection.insert_one({"_id": 2})

    async def record() -> None:
        numbers.append(len(proxy.counted_commands))

    proxy.call_at(record, selector=2, point=FaultPoint.REQUEST)
    for number in (3, 4, 5):
        await proxied_collection.insert_one({"_id": number})

    assert numbers == [4]


async def test_a_fault_can_select_a_command_by_name(
    proxy: MongoProxy, proxied_collection: Collection
) -> None:
    numbers: list[int] = []
    await proxied_collection.insert_one({"_id": 1})

    async def record() -> None:
        numbers.append(len(proxy.counted_commands))

    proxy.call_at(record, selector="insert", point=FaultPoint.REPLY)
    assert await proxied_collection.find_one({}) == {"_id": 1}
    for number in (2, 3):
        await proxied_collection.insert_one({"_id": number})

    assert numbers == [3]
    assert proxy.faulted_command == "insert"


@pytest.mark.parametrize(("point", "expected"), [(FaultPoint.REQUEST, 0), (FaultPoint.REPLY, 1)])
async def test_an_action_runs_before_or_after_the_request(
    proxy: MongoProxy,
    direct_collection: Collection,
    proxied_collection: Collection,
    point: FaultPoint,
    expected: int,
) -> None:
    counts: list[int] = []

    async def count() -> None:
        counts.append(await direct_collection.count_documents({}))

    proxy.call_at(count, selector=1, point=point)
    await proxied_collection.insert_one({"_id": 1})

    assert counts == [expected]
    assert await direct_collection.count_documents({}) == 1


async def test_a_cleared_fault_does_not_happen(
    proxy: MongoProxy, proxied_collection: Collection
) -> None:
    proxy.call_at(_fail, selector=1, point=FaultPoint.REQUEST)
    await proxy.clear_fault()

    await proxied_collection.insert_one({"_id": 1})

    assert proxy.faulted_command is None


async def _fail() -> None:
    raise AssertionError("called")


async def test_clients_reconnect_after_dropped_connections(
    proxy: MongoProxy, proxied_collection: Collection
) -> None:
    await proxied_collection.insert_one({"_id": 1})

    await proxy.drop_connections()

    with suppress(AutoReconnect):
        await proxied_collection.find_one({})
    assert await proxied_collection.find_one({}) == {"_id": 1}


async def test_held_traffic_leaves_the_client_without_a_reply(
    proxy: MongoProxy, direct_collection: Collection, proxied_collection: Collection
) -> None:
    await proxied_collection.insert_one({"_id": 1})
    proxy.hold_traffic()

    with pytest.raises(NetworkTimeout):
        await proxied_collection.insert_one({"_id": 2})

    assert await direct_collection.count_documents({}) == 1
    proxy.release_traffic()
    await proxied_collection.insert_one({"_id": 3})


async def test_requests_can_be_delayed(proxy: MongoProxy, proxied_collection: Collection) -> None:
    proxy.delay_seconds = 0.1
    started_at = asyncio.get_running_loop().time()

    await proxied_collection.insert_one({"_id": 1})

    assert asyncio.get_running_loop().time() - started_at >= 0.1


async def test_connections_end_if_mongodb_is_down(
    unused_tcp_port: int,
) -> None:
    async with MongoProxy(f"mongodb://127.0.0.1:{unused_tcp_port}") as proxy:
        port = int(proxy.uri.rpartition(":")[2].partition("/")[0])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        assert await reader.read() == b""
        writer.close()
