"""Behind the scenes: what is stored, what waits, and what passed between the parts, as it is."""

import json
from typing import Any

from bson.json_util import RELAXED_JSON_OPTIONS, dumps
from redis.asyncio import Redis

from sandbox.processes import Process
from sandbox.slack.journal import Direction, Entry
from sandbox.slack.shapes import Json
from sandbox.world import World

NEWEST_DOCUMENTS = 50
NEWEST_REQUESTS = 100
_SIGNED = "X-Slack-"
# How a key of each type is read.
_READ: dict[bytes, tuple[str | int, ...]] = {
    b"string": ("GET",),
    b"zset": ("ZRANGE", 0, -1, "WITHSCORES"),
    b"list": ("LRANGE", 0, -1),
    b"set": ("SMEMBERS",),
    b"hash": ("HGETALL",),
}


async def behind(world: World) -> Json:
    """Everything, as `Behind` in `static/types.js` says; newest first."""
    return {
        "documents": await _documents(world),
        "jobs": await _jobs(world.redis),
        "gemini": [
            {"request": one.request, "response": one.response}
            for one in reversed(world.gemini.exchanges[-NEWEST_DOCUMENTS:])
        ],
        "requests": [
            _exchange(entry) for entry in reversed(world.slack.journal.entries[-NEWEST_REQUESTS:])
        ],
        "processes": [_process(one) for one in _processes(world)],
    }


async def _documents(world: World) -> dict[str, list[Any]]:
    database = world.database
    found = {}
    for name in sorted(await database.list_collection_names()):
        newest = database[name].find().sort("$natural", -1).limit(NEWEST_DOCUMENTS)
        documents = await newest.to_list()
        # https://www.mongodb.com/docs/manual/reference/mongodb-extended-json/
        found[name] = json.loads(dumps(documents, json_options=RELAXED_JSON_OPTIONS))
    return found


async def _jobs(redis: Redis) -> list[Json]:
    keys = sorted([key async for key in redis.scan_iter(count=1000)])
    return [{"key": _text(key), "value": await _value(redis, key)} for key in keys]


async def _value(redis: Redis, key: bytes) -> object:
    kind = await redis.type(key)
    if kind not in _READ:
        return f"({_text(kind)})"
    command, *rest = _READ[kind]
    # redis-py types its commands one by one, but not the call under them.
    return _readable(await redis.execute_command(command, key, *rest))  # type: ignore[no-untyped-call]


def _readable(value: object) -> object:
    match value:
        case bytes():
            return _text(value)
        case dict():
            return {_text(name): _readable(one) for name, one in value.items()}
        case list() | set():
            return [_readable(one) for one in value]
        case _:
            return value


def _text(value: bytes) -> str:
    return value.decode(errors="backslashreplace")


def _exchange(entry: Entry) -> Json:
    signed = {k: v for k, v in entry.headers.items() if k.startswith(_SIGNED)}
    return {
        "direction": entry.direction.value,
        "name": entry.name,
        "at": entry.at,
        "person": entry.person,
        "request": {"headers": signed, "payload": entry.request} if signed else entry.request,
        "response": entry.response,
        "status": _status(entry),
    }


def _status(entry: Entry) -> str:
    """In a word how it went: what Slack said to the app, or how the app answered."""
    answer = entry.response
    if not isinstance(answer, dict):
        return "" if answer is None else "ok"
    if entry.direction is Direction.API:
        return "ok" if answer.get("ok") else str(answer.get("error", "failed"))
    return str(answer.get("outcome", ""))


def _processes(world: World) -> list[Process]:
    return [world.bot, world.worker, world.servers.mongo, world.servers.redis]


def _process(process: Process) -> Json:
    return {"name": process.name, "alive": process.alive}
