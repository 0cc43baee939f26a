"""Every real payload, signed, goes through the real bot without an exception.

Once as it is, which for the bot is somebody of another workspace, and once as if its people were of
ours, so that it reaches the listeners.
"""

import json
import re
import urllib.parse
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from sandbox.world.world import World
from tests.project import ROOT

SLACK = ROOT.parent / "shared" / "slack"


def _payloads() -> Iterator[tuple[str, Any]]:
    for path in sorted(SLACK.glob("*/real-payloads/*")):
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".txt":
            yield path.name, text.strip()
        elif path.parts[-3] == "bolt-python":
            yield from ((f"{path.name}:{name}", each) for name, each in json.loads(text).items())
        else:
            yield path.name, json.loads(text)


PAYLOADS = dict(_payloads())


@pytest.fixture(scope="module")
async def world() -> AsyncIterator[World]:
    """The running desk, by HTTP."""
    async with World() as world:
        yield world


@pytest.mark.parametrize("ours", [False, True], ids=["of another workspace", "of ours"])
@pytest.mark.parametrize("name", PAYLOADS)
async def test_a_real_payload_raises_nothing(world: World, name: str, ours: bool) -> None:
    body, headers = _as_sent(PAYLOADS[name])
    if ours:
        body = re.sub(rb"\bT(111|0?[A-Z0-9]*X+|0001|1234567890|HX[A-Z]*)\b", _id(world), body)

    ack = await world.slack.send_raw(body, world.slack.signature_headers(body) | headers)

    assert ack.status == 200
    assert "Traceback" not in world.bot.log
    assert "could not be read" not in world.bot.log
    assert "ERROR" not in world.bot.log


def test_there_are_as_many_as_were_collected() -> None:
    assert len(PAYLOADS) == 42


def _id(world: World) -> bytes:
    return world.slack.team_id.encode()


def _as_sent(payload: Any) -> tuple[bytes, dict[str, str]]:
    """The body as Slack sends it: a command as a form, an event as JSON, the rest in between."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    if isinstance(payload, str):
        return payload.encode(), form
    if "command" in payload and "type" not in payload:
        return urllib.parse.urlencode(payload).encode(), form
    if payload["type"] in {"event_callback", "url_verification"}:
        return json.dumps(payload).encode(), {"Content-Type": "application/json"}
    return b"payload=" + urllib.parse.quote(json.dumps(payload)).encode(), form
