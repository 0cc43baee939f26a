"""`python -m tests.bench.call_replay FILE`: asks again what a ticket asked, for many, and nothing else.

It is what the walk of a ticket costs at the very least: the same commands to the same MongoDB by
the same driver, the same calls to Slack by slack_sdk, the same letter by aiosmtplib, so many
tickets at once as one worker has. Prints JSON: tickets a second, and the seconds of each.
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
    """Everything that the calls need, and how they are made for another ticket."""

    def __init__(self, known: dict[str, Any], session: aiohttp.ClientSession) -> None:
        self.recording = known
        mongo: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(
            known["mongodb_uri"], tz_aware=True, maxPoolSize=100
        )
        self.database = mongo[known["database"]]
        self.slack = AsyncWebClient(
            token="xoxb-bench", base_url=known["slack_url"], session=session, retry_handlers=[]
        )
        words = rf"\b{re.escape(known['ticket_id'])}\b"
        self._ticket_pattern = re.compile(words)
        self._calls: list[list[tuple[str, dict[str, Any]]]] = []

    async def prepare(self, tickets: int) -> None:
        """Store the tickets that are worked at, as the bot has stored the one; write all calls."""
        document = decode(base64.b64decode(self.recording["document"]))
        if self.recording["stored"]:
            await self.database.tickets.insert_many(
                [self._renumbered(document, number) for number in range(tickets)]
            )
        calls = [_decode_call(call) for call in self.recording["calls"]]
        self._calls = [
            [(kind, self._renumbered(what, number)) for kind, what in calls]
            for number in range(tickets)
        ]

    async def replay_ticket(self, number: int) -> float:
        """All calls of one ticket, one after the other; the seconds they took."""
        began = time.perf_counter()
        for kind, what in self._calls[number]:
            await self._make_call(kind, what)
        return time.perf_counter() - began

    async def _make_call(self, kind: str, what: dict[str, Any]) -> None:
        match kind:
            case "mongo":
                await self.database.command(what)
            case "slack":
                await self.slack.api_call(**what)
            case "letter":
                letter = message_from_string(what["content"], policy=policy.SMTP)
                port = self.recording["smtp_port"]
                await aiosmtplib.send(
                    letter, hostname="127.0.0.1", port=port, start_tls=False, timeout=20
                )

    def _renumbered(self, value: Any, number: int) -> Any:
        """The same for another ticket: of that number, and of another submission."""
        if isinstance(value, str):
            other = value.replace(self.recording["key"], f"view:R{number}")
            return self._ticket_pattern.sub(f"T-{1_000_000 + number}", other)
        if isinstance(value, dict):
            return {name: self._renumbered(one, number) for name, one in value.items()}
        return (
            [self._renumbered(one, number) for one in value] if isinstance(value, list) else value
        )


def _decode_call(call: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """What kind of call it is, and what it is made with."""
    match call["kind"]:
        case "mongo":
            return "mongo", decode(base64.b64decode(call["body"]))
        case "slack":
            sent = call["sent"]
            how = {"json": sent} if call["json"] else {"http_verb": "GET", "params": sent}
            return "slack", {"api_method": call["method"], **how}
    return call["kind"], call


async def replay_tickets(
    recording: dict[str, Any], *, tickets: int, concurrency: int
) -> dict[str, Any]:
    """So many tickets, so many of them at once."""
    async with aiohttp.ClientSession() as session:
        walk = CallReplay(recording, session)
        await walk.prepare(tickets)
        numbers = iter(range(tickets))
        began = time.perf_counter()
        each = await asyncio.gather(*(_replay_numbers(walk, numbers) for _ in range(concurrency)))
        took = time.perf_counter() - began
    return {"rate": tickets / took, "seconds": [one for some in each for one in some]}


async def _replay_numbers(walk: CallReplay, numbers: Iterator[int]) -> list[float]:
    return [await walk.replay_ticket(number) for number in numbers]


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="tests.bench.call_replay", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--tickets", type=int, required=True)
    parser.add_argument("--at-once", type=int, required=True)
    asked = parser.parse_args()
    known = json.loads(asked.file.read_text(encoding="utf-8"))
    print(
        json.dumps(
            asyncio.run(replay_tickets(known, tickets=asked.tickets, concurrency=asked.at_once))
        )
    )


if __name__ == "__main__":
    main()
