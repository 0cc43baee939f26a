"""Data of the panel *Behind the scenes*: documents, jobs, requests and processes, unchanged."""

import json
from typing import Any

import pymongo
from bson.json_util import RELAXED_JSON_OPTIONS, dumps
from pymongo.errors import PyMongoError
from redis.asyncio import Redis

from sandbox.services.processes import Process
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.state.traffic_log import Direction, TrafficEntry
from sandbox.world.world import World

MAX_DOCUMENTS = 50
MAX_REQUESTS = 100
_MONGODB_TIMEOUT_SECONDS = 1
_SIGNATURE_HEADER_PREFIX = "X-Slack-"
# The Redis command that reads a key of each type.
_READ_COMMANDS: dict[bytes, tuple[str | int, ...]] = {
    b"string": ("GET",),
    b"zset": ("ZRANGE", 0, -1, "WITHSCORES"),
    b"list": ("LRANGE", 0, -1),
    b"set": ("SMEMBERS",),
    b"hash": ("HGETALL",),
}


async def inspector_object(world: World) -> Json:
    """Return the data, newest first, in the form of `InspectorData` in `static/types.js`."""
    return {
        "documents": await _find_documents(world),
        "jobs": await _read_jobs(world.redis),
        "gemini": [
            {"request": exchange.request, "response": exchange.response}
            for exchange in reversed(world.gemini.exchanges[-MAX_DOCUMENTS:])
        ],
        "requests": [
            _traffic_object(entry)
            for entry in reversed(world.slack.traffic_log.entries[-MAX_REQUESTS:])
        ],
        "processes": [_process_object(process) for process in _processes(world)],
    }


async def _find_documents(world: World) -> dict[str, list[Any]] | None:
    """The newest documents by collection; None if MongoDB does not answer."""
    try:
        with pymongo.timeout(_MONGODB_TIMEOUT_SECONDS):
            names = sorted(await world.database.list_collection_names())
            return {name: await _newest_documents(world, name) for name in names}
    except PyMongoError:
        return None


async def _newest_documents(world: World, collection: str) -> list[Any]:
    newest = world.database[collection].find().sort("$natural", -1).limit(MAX_DOCUMENTS)
    # https://www.mongodb.com/docs/manual/reference/mongodb-extended-json/
    text = dumps(await newest.to_list(), json_options=RELAXED_JSON_OPTIONS)
    documents: list[Any] = json.loads(text)
    return documents


async def _read_jobs(redis: Redis) -> list[Json]:
    keys = sorted([key async for key in redis.scan_iter(count=1000)])
    return [
        {"key": _decode_text(key), "value": await _read_redis_value(redis, key)} for key in keys
    ]


async def _read_redis_value(redis: Redis, key: bytes) -> object:
    kind = await redis.type(key)
    if kind not in _READ_COMMANDS:
        return f"({_decode_text(kind)})"
    command, *arguments = _READ_COMMANDS[kind]
    # redis-py has types for its command methods, but not for `execute_command`.
    return _decode_value(await redis.execute_command(command, key, *arguments))  # type: ignore[no-untyped-call]


def _decode_value(value: object) -> object:
    match value:
        case bytes():
            return _decode_text(value)
        case dict():
            return {_decode_text(name): _decode_value(item) for name, item in value.items()}
        case list() | set():
            return [_decode_value(item) for item in value]
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
    """The outcome in one word: Slack's answer to the app, or the app's answer to Slack."""
    answer = entry.response
    if not isinstance(answer, dict):
        return "" if answer is None else "ok"
    if entry.direction is Direction.API:
        return "ok" if answer.get("ok") else str(answer.get("error", "failed"))
    return str(answer.get("outcome", ""))


def _processes(world: World) -> list[Process]:
    return [world.bot, world.worker, world.servers.mongodb, world.servers.redis]


def _process_object(process: Process) -> Json:
    return {"name": process.name, "running": process.is_running}
