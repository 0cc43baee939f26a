"""`python -m tests.bench.call_replay FILE`: repeats the recorded calls of a ticket for many others.

This is the lowest possible cost of a ticket: the same commands to MongoDB by the same driver, the
same Slack calls by slack_sdk, the same e-mail by aiosmtplib, with as many concurrent tickets as one
worker has. It prints JSON: tickets per second, and the seconds of each ticket.
"""

import argparse
import asyncio
import base64
import json
import re
import time
from collections.abc import Iterator
from email import message_from_string, policy
from pathlib import Path
from typing import Any

import aiohttp
import aiosmtplib
from bson import decode
from motor.motor_asyncio import AsyncIOMotorClient
from slack_sdk.web.async_client import AsyncWebClient

_INSERT_COMMANDS = {"insert", "findAndModify"}


class CallReplay:
    """The recorded calls, rewritten for other ticket numbers, and their clients."""

    def __init__(self, recording: dict[str, Any], session: aiohttp.ClientSession) -> None:
        self.recording = recording
        mongo: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(
            recording["mongodb_uri"], tz_aware=True, maxPoolSize=100
        )
        self.database = mongo[recording["database"]]
        self.slack = AsyncWebClient(
            token="xoxb-bench", base_url=recording["slack_url"], session=session, retry_handlers=[]
        )
        self._ticket_pattern = re.compile(rf"\b{re.escape(recording['ticket_id'])}\b")
        self._calls: list[list[tuple[str, dict[str, Any]]]] = []

    async def prepare(self, tickets: int) -> None:
        """Insert the tickets that the calls change, and prepare the calls of each ticket."""
        document = decode(base64.b64decode(self.recording["document"]))
        if self.recording["stored"]:
            await self.database.tickets.insert_many(
                [self._renumbered(document, number) for number in range(tickets)]
            )
        calls = [_decode_call(call) for call in self.recording["calls"]]
        self._calls = [
            [(kind, self._renumbered(arguments, number)) for kind, arguments in calls]
            for number in range(tickets)
        ]

    async def replay_ticket(self, number: int) -> float:
        """Make the calls of one ticket in order, and return the seconds they took."""
        started = time.perf_counter()
        for kind, arguments in self._calls[number]:
            await self._make_call(kind, arguments)
        return time.perf_counter() - started

    async def _make_call(self, kind: str, arguments: dict[str, Any]) -> None:
        match kind:
            case "mongo":
                await self.database.command(arguments)
            case "slack":
                await self.slack.api_call(**arguments)
            case "email":
                email = message_from_string(arguments["content"], policy=policy.SMTP)
                port = self.recording["smtp_port"]
                await aiosmtplib.send(
                    email, hostname="127.0.0.1", port=port, start_tls=False, timeout=20
                )

    def _renumbered(self, value: Any, number: int) -> Any:
        """The value with another ticket id and another submission key."""
        if isinstance(value, str):
            renamed = value.replace(self.recording["key"], f"view:R{number}")
            return self._ticket_pattern.sub(f"T-{1_000_000 + number}", renamed)
        if isinstance(value, dict):
            return {name: self._renumbered(item, number) for name, item in value.items()}
        return (
            [self._renumbered(item, number) for item in value] if isinstance(value, list) else value
        )


def _decode_call(call: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The kind of a recorded call and its arguments."""
    match call["kind"]:
        case "mongo":
            return "mongo", decode(base64.b64decode(call["body"]))
        case "slack":
            fields = call["fields"]
            parameters = (
                {"json": fields} if call["json"] else {"http_verb": "GET", "params": fields}
            )
            return "slack", {"api_method": call["method"], **parameters}
    return call["kind"], call


async def replay_tickets(
    recording: dict[str, Any], *, tickets: int, concurrency: int
) -> dict[str, Any]:
    """Replay the calls for this number of tickets, some of them at the same time."""
    async with aiohttp.ClientSession() as session:
        replay = CallReplay(recording, session)
        await replay.prepare(tickets)
        numbers = iter(range(tickets))
        started = time.perf_counter()
        results = await asyncio.gather(
            *(_replay_numbers(replay, numbers) for _ in range(concurrency))
        )
        duration = time.perf_counter() - started
    seconds = [value for result in results for value in result]
    return {"rate": tickets / duration, "seconds": seconds}


async def _replay_numbers(replay: CallReplay, numbers: Iterator[int]) -> list[float]:
    return [await replay.replay_ticket(number) for number in numbers]


def main() -> None:
    """Read the command line, replay, and print the result."""
    parser = argparse.ArgumentParser(prog="tests.bench.call_replay", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--tickets", type=int, required=True)
    parser.add_argument("--concurrency", type=int, required=True)
    options = parser.parse_args()
    recording = json.loads(options.file.read_text(encoding="utf-8"))
    result = asyncio.run(
        replay_tickets(recording, tickets=options.tickets, concurrency=options.concurrency)
    )
    print(json.dumps(result))


if __name__ == "__main__":
    main()
