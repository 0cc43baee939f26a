"""Behind the scenes: what is stored, what waits, and what passed between the parts, as it is."""

import json
from typing import Any

from bson.json_util import RELAXED_JSON_OPTIONS, dumps
from redis.asyncio import Redis

from sandbox.services.processes import Process
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.state.traffic_log import Direction, TrafficEntry
from sandbox.world.world import World

MAX_DOCUMENTS = 50
MAX_REQUESTS = 100
_SIGNATURE_HEADER_PREFIX = "X-Slack-"
# How a key of each type is read.
_READ_COMMANDS: dict[bytes, tuple[str | int, ...]] = {
    b"string": ("GET",),
    b"zset": ("ZRANGE", 0, -1, "WITHSCORES"),
    b"list": ("LRANGE", 0, -1),
    b"set": ("SMEMBERS",),
    b"hash": ("HGETALL",),
}


async def inspector_object(world: World) -> Json:
    """Everything, as `Behind` in `static/types.js` says; newest first."""
    return {
        "documents": await _find_documents(world),
        "jobs": await _read_jobs(world.redis),
        "gemini": [
            {"request": one.request, "response": one.response}
            for one in reversed(world.gemini.exchanges[-MAX_DOCUMENTS:])
        ],
        "requests": [
            _traffic_object(entry)
            for entry in reversed(world.slack.traffic_log.entries[-MAX_REQUESTS:])
        ],
        "processes": [_process_object(one) for one in _processes(world)],
    }


async def _find_documents(world: World) -> dict[str, list[Any]]:
    database = world.database
    found = {}
    for name in sorted(await database.list_collection_names()):
        newest = database[name].find().sort("$natural", -1).limit(MAX_DOCUMENTS)
        documents = await newest.to_list()
        # https://www.mongodb.com/docs/manual/reference/mongodb-extended-json/
        found[name] = json.loads(dumps(documents, json_options=RELAXED_JSON_OPTIONS))
    return found


async def _read_jobs(redis: Redis) -> list[Json]:
    keys = sorted([key async for key in redis.scan_iter(count=1000)])
    return [
        {"key": _decode_text(key), "value": await _read_redis_value(redis, key)} for key in keys
    ]


async def _read_redis_value(redis: Redis, key: bytes) -> object:
    kind = await redis.type(key)
    if kind not in _READ_COMMANDS:
        return f"({_decode_text(kind)})"
    command, *rest = _READ_COMMANDS[kind]
    # redis-py types its commands one by one, but not the call under them.
    return _decode_value(await redis.execute_command(command, key, *rest))  # type: ignore[no-untyped-call]


def _decode_value(value: object) -> object:
    match value:
        case bytes():
            return _decode_text(value)
        case dict():
            return {_decode_text(name): _decode_value(one) for name, one in value.items()}
        case list() | set():
            return [_decode_value(one) for one in value]
        case _:
            return value


def _decode_text(value: bytes) -> str:
    return value.decode(errors="backslashreplace")


def _traffic_object(entry: TrafficEntry) -> Json:
    signed = {k: v for k, v in entry.headers.items() if k.startswith(_SIGNATURE_HEADER_PREFIX)}
    return {
        "direction": entry.direction.value,
        "name": entry.name,
        "at": entry.at,
        "person": entry.person,
        "request": {"headers": signed, "payload": entry.request} if signed else entry.request,
        "response": entry.response,
        "status": _status_text(entry),
    }


def _status_text(entry: TrafficEntry) -> str:
    """In a word how it went: what Slack said to the app, or how the app answered."""
    answer = entry.response
    if not isinstance(answer, dict):
        return "" if answer is None else "ok"
    if entry.direction is Direction.API:
        return "ok" if answer.get("ok") else str(answer.get("error", "failed"))
    return str(answer.get("outcome", ""))


def _processes(world: World) -> list[Process]:
    return [world.bot, world.worker, world.servers.mongodb, world.servers.redis]


def _process_object(process: Process) -> Json:
    return {"name": process.name, "alive": process.is_alive}
