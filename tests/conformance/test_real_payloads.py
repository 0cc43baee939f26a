"""The real bot handles each recorded payload, signed, without an exception.

The test sends each payload twice. Unchanged, its people are external for the bot. With the id of
our workspace, it reaches the listeners.
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
            for name, payload in json.loads(text).items():
                yield f"{path.name}:{name}", payload
        else:
            yield path.name, json.loads(text)


PAYLOADS = dict(_payloads())


@pytest.fixture(scope="module")
async def world() -> AsyncIterator[World]:
    """Frontdesk with signed HTTP."""
    async with World() as world:
        yield world


@pytest.mark.parametrize("is_home", [False, True], ids=["external", "own workspace"])
@pytest.mark.parametrize("name", PAYLOADS)
async def test_real_payload_causes_no_exception(world: World, name: str, is_home: bool) -> None:
    body, headers = _as_sent(PAYLOADS[name])
    if is_home:
        body = re.sub(rb"\bT(111|0?[A-Z0-9]*X+|0001|1234567890|HX[A-Z]*)\b", _team_id(world), body)

    ack = await world.slack.send_raw(body, world.slack.signature_headers(body) | headers)

    assert ack.status == 200
    assert "Traceback" not in world.bot.log
    assert "could not be read" not in world.bot.log
    assert "ERROR" not in world.bot.log


def test_all_recorded_payloads_are_read() -> None:
    assert len(PAYLOADS) == 42


def _team_id(world: World) -> bytes:
    return world.slack.team_id.encode()


def _as_sent(payload: Any) -> tuple[bytes, dict[str, str]]:
    """Return body and headers as Slack sends them.

    A command is a form, an event is JSON, and an interaction is a form with JSON in one field.
    """
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    if isinstance(payload, str):
        return payload.encode(), form
    if "command" in payload and "type" not in payload:
        return urllib.parse.urlencode(payload).encode(), form
    if payload["type"] in {"event_callback", "url_verification"}:
        return json.dumps(payload).encode(), {"Content-Type": "application/json"}
    return b"payload=" + urllib.parse.quote(json.dumps(payload)).encode(), form
