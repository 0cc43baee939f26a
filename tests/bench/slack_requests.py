"""Signed requests as Slack sends them, for the bot and for the minimal apps."""

import json
import random
from itertools import count
from typing import Any
from urllib.parse import urlencode

from models.clock import utc_now
from sandbox.slack.delivery.signing import signature_headers
from tests.bench.environment import SECRET, TEAM
from tests.bot.form_values import with_values

Request = tuple[dict[str, str], bytes]
PEOPLE = 32
_FORM_CONTENT_TYPE = "application/x-www-form-urlencoded"
_numbers = count(1)
_dice = random.Random(1)  # noqa: S311  # a seed makes the run repeatable


def ticket_command(text: str = "my vpn is down") -> Request:
    """The request of a person who types `/ticket`."""
    return _signed_request(
        {
            "token": "x",
            "team_id": TEAM,
            "team_domain": "bench",
            "channel_id": "D0BENCH",
            "channel_name": "directmessage",
            **_user_fields("user_id", "user_name"),
            "command": "/ticket",
            "text": text,
            "api_app_id": "A0BENCH",
            "is_enterprise_install": "false",
            "response_url": "http://127.0.0.1:9/never",
            "trigger_id": f"1.{next(_numbers)}",
        }
    )


def form_submission(form: dict[str, Any], title: str = "my vpn is down") -> Request:
    """The request of a person who submits the form, with a new view id."""
    view_fields = {
        "id": f"V{next(_numbers)}",
        "team_id": TEAM,
        "app_id": "A0BENCH",
        "bot_id": "B0BENCH",
        "hash": "1.1",
        "private_metadata": "",
        "previous_view_id": None,
        "root_view_id": None,
    }
    person = _user_fields("id", "username")
    payload = {
        "type": "view_submission",
        "team": {"id": TEAM, "domain": "bench"},
        "user": {**person, "name": person["username"], "team_id": TEAM},
        "api_app_id": "A0BENCH",
        "token": "x",
        "trigger_id": f"1.{next(_numbers)}",
        "view": with_values(form, title=title, description="It began this morning.") | view_fields,
        "response_urls": [],
        "is_enterprise_install": False,
        "enterprise": None,
    }
    return _signed_request({"payload": json.dumps(payload)})


def badly_signed(request: Request) -> Request:
    """The request with an invalid signature."""
    headers, body = request
    return {**headers, "X-Slack-Signature": f"v0={'0' * 64}"}, body


def random_title() -> str:
    """A random title, so that no two tickets are similar."""
    words = ["".join(_dice.choices("bdfgklmnprstv", k=4)) + "a" for _ in range(6)]
    return f"vpn {' '.join(words)}"


def _user_fields(id_name: str, name_name: str) -> dict[str, str]:
    number = next(_numbers) % PEOPLE
    return {id_name: f"U{number:04d}", name_name: f"person{number}"}


def _signed_request(fields: dict[str, str]) -> Request:
    body = urlencode(fields).encode()
    headers = signature_headers(body, secret=SECRET, timestamp=int(utc_now().timestamp()))
    return {"Content-Type": _FORM_CONTENT_TYPE, **headers}, body
