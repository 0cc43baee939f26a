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

from sandbox.processes import Process
from sandbox.servers import Servers
from sandbox.wire import Moment, Wire

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
async def wire(servers: Servers) -> AsyncIterator[Wire]:
    """A wire before the MongoDB of the tests."""
    async with Wire(servers.mongodb_uri) as wire:
        yield wire


@pytest.fixture
async def stored(servers: Servers) -> AsyncIterator[Things]:
    """A new collection, past the wire."""
    async with AsyncMongoClient[dict[str, Any]](servers.mongodb_uri) as client:
        database = client[f"wire{uuid4().hex}"]
        yield database.things
        await client.drop_database(database)


@pytest.fixture
async def things(wire: Wire, stored: Things) -> AsyncIterator[Things]:
    """The same collection, through the wire."""
    options: dict[str, Any] = {"retryWrites": False, "retryReads": False, "timeoutMS": 2000}
    async with AsyncMongoClient[dict[str, Any]](wire.uri, **options) as client:
        yield client[stored.database.name].things


@pytest.fixture
async def writer(wire: Wire, stored: Things, tmp_path: Path) -> AsyncIterator[Process]:
    """A program that stores ten things through the wire; not started yet."""

    async def ready() -> bool:
        return "hello" in program.log

    argv = [sys.executable, "-c", WRITER, wire.uri, stored.database.name]
    program = Process("writer", argv, ready=ready, folder=tmp_path)
    yield program
    await program.kill()


async def test_it_counts_what_is_asked_and_not_what_drivers_say_for_themselves(
    wire: Wire, things: Things
) -> None:
    await things.insert_many([{"_id": number} for number in range(10)])
    await things.database.client.admin.command("ping")
    assert len(await things.find(batch_size=3).to_list()) == 10
    await things.count_documents({})

    assert wire.passed == ["insert", "find", "aggregate"]


@pytest.mark.parametrize(("moment", "stored_things"), [(Moment.BEFORE, 2), (Moment.AFTER, 3)])
async def test_the_process_dies_before_the_server_sees_a_request_or_before_it_learns_of_it(
    wire: Wire, stored: Things, writer: Process, moment: Moment, stored_things: int
) -> None:
    # The first request is its look into the empty collection.
    wire.kills(writer, at=4, moment=moment)
    with suppress(RuntimeError):  # it may die before we have read its hello
        await writer.start()

    assert await wire.until(lambda: wire.struck) == "insert"

    assert not writer.alive
    assert await stored.count_documents({}) == stored_things


async def test_requests_are_counted_from_when_it_is_told(wire: Wire, things: Things) -> None:
    numbers: list[int] = []
    await things.insert_one({"_id": 1})
    await things.insert_one({"_id": 2})

    async def notes() -> None:
        numbers.append(len(wire.passed))

    wire.calls(notes, at=2, moment=Moment.BEFORE)
    for number in (3, 4, 5):
        await things.insert_one({"_id": number})

    assert numbers == [4]


async def test_the_first_of_a_command_can_be_meant_instead(wire: Wire, things: Things) -> None:
    numbers: list[int] = []
    await things.insert_one({"_id": 1})

    async def notes() -> None:
        numbers.append(len(wire.passed))

    wire.calls(notes, at="insert", moment=Moment.AFTER)
    assert await things.find_one({}) == {"_id": 1}
    for number in (2, 3):
        await things.insert_one({"_id": number})

    assert numbers == [3]
    assert wire.struck == "insert"


@pytest.mark.parametrize(("moment", "found"), [(Moment.BEFORE, 0), (Moment.AFTER, 1)])
async def test_who_is_called_finds_the_request_undone_or_done_and_it_passes_afterwards(
    wire: Wire, stored: Things, things: Things, moment: Moment, found: int
) -> None:
    looked: list[int] = []

    async def looks() -> None:
        looked.append(await stored.count_documents({}))

    wire.calls(looks, at=1, moment=moment)
    await things.insert_one({"_id": 1})

    assert looked == [found]
    assert await stored.count_documents({}) == 1


async def test_it_does_nothing_when_it_is_to_let_be(wire: Wire, things: Things) -> None:
    wire.calls(_never, at=1, moment=Moment.BEFORE)
    await wire.lets_be()

    await things.insert_one({"_id": 1})

    assert wire.struck is None


async def _never() -> None:
    raise AssertionError("called")


async def test_cut_connections_are_made_again(wire: Wire, things: Things) -> None:
    await things.insert_one({"_id": 1})

    await wire.cut()

    with suppress(AutoReconnect):
        await things.find_one({})
    assert await things.find_one({}) == {"_id": 1}


async def test_a_frozen_wire_leaves_the_client_without_an_answer(
    wire: Wire, stored: Things, things: Things
) -> None:
    await things.insert_one({"_id": 1})
    wire.freeze()

    with pytest.raises(NetworkTimeout):
        await things.insert_one({"_id": 2})

    assert await stored.count_documents({}) == 1
    wire.thaw()
    await things.insert_one({"_id": 3})


async def test_requests_can_be_held_up(wire: Wire, things: Things) -> None:
    wire.delay = 0.1
    began = asyncio.get_running_loop().time()

    await things.insert_one({"_id": 1})

    assert asyncio.get_running_loop().time() - began >= 0.1


async def test_a_client_is_told_when_there_is_no_server(
    unused_tcp_port: int,
) -> None:
    async with Wire(f"mongodb://127.0.0.1:{unused_tcp_port}") as wire:
        port = int(wire.uri.rpartition(":")[2].partition("/")[0])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        assert await reader.read() == b""
        writer.close()
