"""The wire before MongoDB: what it counts, and that it fails exactly where it was told to."""

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

Things = AsyncCollection[dict[str, Any]]
# Says hello, then stores one thing after the other.
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
    """A wire before the MongoDB of the tests."""
    async with MongoProxy(servers.mongodb_uri) as wire:
        yield wire


@pytest.fixture
async def direct_collection(servers: DatabaseServers) -> AsyncIterator[Things]:
    """A new collection, past the wire."""
    async with AsyncMongoClient[dict[str, Any]](servers.mongodb_uri) as client:
        database = client[f"wire{uuid4().hex}"]
        yield database.things
        await client.drop_database(database)


@pytest.fixture
async def proxied_collection(proxy: MongoProxy, direct_collection: Things) -> AsyncIterator[Things]:
    """The same collection, through the wire."""
    options: dict[str, Any] = {"retryWrites": False, "retryReads": False, "timeoutMS": 2000}
    async with AsyncMongoClient[dict[str, Any]](proxy.uri, **options) as client:
        yield client[direct_collection.database.name].things


@pytest.fixture
async def writer_process(
    proxy: MongoProxy, direct_collection: Things, tmp_path: Path
) -> AsyncIterator[Process]:
    """A program that stores ten things through the wire; not started yet."""

    async def ready() -> bool:
        return "hello" in program.log

    argv = [sys.executable, "-c", WRITER, proxy.uri, direct_collection.database.name]
    program = Process("writer", argv, is_ready=ready, folder=tmp_path)
    yield program
    await program.kill()


async def test_it_counts_what_is_asked_and_not_what_drivers_say_for_themselves(
    proxy: MongoProxy, proxied_collection: Things
) -> None:
    await proxied_collection.insert_many([{"_id": number} for number in range(10)])
    await proxied_collection.database.client.admin.command("ping")
    assert len(await proxied_collection.find(batch_size=3).to_list()) == 10
    await proxied_collection.count_documents({})

    assert proxy.counted_commands == ["insert", "find", "aggregate"]


@pytest.mark.parametrize(
    ("moment", "stored_things"), [(FaultPoint.REQUEST, 2), (FaultPoint.REPLY, 3)]
)
async def test_the_process_dies_before_the_server_sees_a_request_or_before_it_learns_of_it(
    proxy: MongoProxy,
    direct_collection: Things,
    writer_process: Process,
    moment: FaultPoint,
    stored_things: int,
) -> None:
    # The first request is its look into the empty collection.
    proxy.kill_at(writer_process, selector=4, point=moment)
    with suppress(RuntimeError):  # it may die before we have read its hello
        await writer_process.start()

    assert await proxy.wait_until(lambda: proxy.faulted_command) == "insert"

    assert not writer_process.is_alive
    assert await direct_collection.count_documents({}) == stored_things


async def test_requests_are_counted_from_when_it_is_told(
    proxy: MongoProxy, proxied_collection: Things
) -> None:
    numbers: list[int] = []
    await proxied_collection.insert_one({"_id": 1})
    await proxied_collection.insert_one({"_id": 2})

    async def notes() -> None:
        numbers.append(len(proxy.counted_commands))

    proxy.call_at(notes, selector=2, point=FaultPoint.REQUEST)
    for number in (3, 4, 5):
        await proxied_collection.insert_one({"_id": number})

    assert numbers == [4]


async def test_the_first_of_a_command_can_be_meant_instead(
    proxy: MongoProxy, proxied_collection: Things
) -> None:
    numbers: list[int] = []
    await proxied_collection.insert_one({"_id": 1})

    async def notes() -> None:
        numbers.append(len(proxy.counted_commands))

    proxy.call_at(notes, selector="insert", point=FaultPoint.REPLY)
    assert await proxied_collection.find_one({}) == {"_id": 1}
    for number in (2, 3):
        await proxied_collection.insert_one({"_id": number})

    assert numbers == [3]
    assert proxy.faulted_command == "insert"


@pytest.mark.parametrize(("moment", "found"), [(FaultPoint.REQUEST, 0), (FaultPoint.REPLY, 1)])
async def test_who_is_called_finds_the_request_undone_or_done_and_it_passes_afterwards(
    proxy: MongoProxy,
    direct_collection: Things,
    proxied_collection: Things,
    moment: FaultPoint,
    found: int,
) -> None:
    looked: list[int] = []

    async def looks() -> None:
        looked.append(await direct_collection.count_documents({}))

    proxy.call_at(looks, selector=1, point=moment)
    await proxied_collection.insert_one({"_id": 1})

    assert looked == [found]
    assert await direct_collection.count_documents({}) == 1


async def test_it_does_nothing_when_it_is_to_let_be(
    proxy: MongoProxy, proxied_collection: Things
) -> None:
    proxy.call_at(_never, selector=1, point=FaultPoint.REQUEST)
    await proxy.clear_fault()

    await proxied_collection.insert_one({"_id": 1})

    assert proxy.faulted_command is None


async def _never() -> None:
    raise AssertionError("called")


async def test_cut_connections_are_made_again(
    proxy: MongoProxy, proxied_collection: Things
) -> None:
    await proxied_collection.insert_one({"_id": 1})

    await proxy.drop_connections()

    with suppress(AutoReconnect):
        await proxied_collection.find_one({})
    assert await proxied_collection.find_one({}) == {"_id": 1}


async def test_a_frozen_wire_leaves_the_client_without_an_answer(
    proxy: MongoProxy, direct_collection: Things, proxied_collection: Things
) -> None:
    await proxied_collection.insert_one({"_id": 1})
    proxy.hold_traffic()

    with pytest.raises(NetworkTimeout):
        await proxied_collection.insert_one({"_id": 2})

    assert await direct_collection.count_documents({}) == 1
    proxy.release_traffic()
    await proxied_collection.insert_one({"_id": 3})


async def test_requests_can_be_held_up(proxy: MongoProxy, proxied_collection: Things) -> None:
    proxy.delay_seconds = 0.1
    began = asyncio.get_running_loop().time()

    await proxied_collection.insert_one({"_id": 1})

    assert asyncio.get_running_loop().time() - began >= 0.1


async def test_a_client_is_told_when_there_is_no_server(
    unused_tcp_port: int,
) -> None:
    async with MongoProxy(f"mongodb://127.0.0.1:{unused_tcp_port}") as wire:
        port = int(wire.uri.rpartition(":")[2].partition("/")[0])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        assert await reader.read() == b""
        writer.close()
