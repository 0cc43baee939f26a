"""The guard: only what Slack has signed, just now, byte for byte."""

import hashlib
import hmac
import time

import pytest
from pydantic import SecretStr

from bot.web.request_guard import is_from_slack

SECRET = SecretStr("8f742231b10e8888abcd99yyyzzz85a5")
BODY = b"command=%2Fticket&text=vpn"


def signed(body: bytes = BODY, *, age: float = 0, secret: SecretStr = SECRET) -> dict[str, str]:
    """The headers that Slack would send with this body, so many seconds ago."""
    timestamp = str(int(time.time() - age))
    base = b"v0:" + timestamp.encode() + b":" + body
    digest = hmac.new(secret.get_secret_value().encode(), base, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={digest}"}


def test_what_slack_signed_is_let_in() -> None:
    assert is_from_slack(SECRET, signed(), BODY)
    assert is_from_slack(SECRET, signed(age=290), BODY)


@pytest.mark.fault("F80")
@pytest.mark.parametrize(
    "case",
    [
        "nothing",
        "another app",
        "too old",
        "from the future",
        "no time",
        "a time that is no number",
        "a digit that is no digit",
        "a time beyond all clocks",
        "a signature that is no ASCII",
        "an empty signature",
    ],
)
def test_anything_else_is_kept_out(case: str) -> None:
    assert not is_from_slack(SECRET, _forged(case), BODY)


def _forged(case: str) -> dict[str, str]:
    time_, signature = "X-Slack-Request-Timestamp", "X-Slack-Signature"
    return {
        "nothing": {},
        "another app": signed(secret=SecretStr("another app's")),
        "too old": signed(age=305),
        "from the future": signed(age=-310),
        "no time": {signature: signed()[signature]},
        "a time that is no number": signed() | {time_: "abc"},
        "a digit that is no digit": signed() | {time_: "²"},
        "a time beyond all clocks": signed() | {time_: "9" * 400},
        "a signature that is no ASCII": signed() | {signature: "v0=é"},
        "an empty signature": signed() | {signature: ""},
    }[case]


@pytest.mark.fault("F80")
def test_a_changed_body_is_kept_out() -> None:
    assert not is_from_slack(SECRET, signed(), BODY + b"s")


@pytest.mark.fault("F80")
def test_a_body_that_is_no_text_is_kept_out_without_an_error() -> None:
    assert not is_from_slack(SECRET, signed(), b"\xff\xfe")
