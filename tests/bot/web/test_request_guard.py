"""The request guard: it accepts only recent requests that Slack has signed."""

import hashlib
import hmac
import time

import pytest
from pydantic import SecretStr

from bot.web.request_guard import is_from_slack

SECRET = SecretStr("8f742231b10e8888abcd99yyyzzz85a5")
BODY = b"command=%2Fticket&text=vpn"


def sign(body: bytes = BODY, *, age: float = 0, secret: SecretStr = SECRET) -> dict[str, str]:
    """The headers of a request with this body, sent `age` seconds ago."""
    timestamp = str(int(time.time() - age))
    base = b"v0:" + timestamp.encode() + b":" + body
    digest = hmac.new(secret.get_secret_value().encode(), base, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": f"v0={digest}"}


def test_a_signed_request_is_accepted() -> None:
    assert is_from_slack(SECRET, sign(), BODY)
    assert is_from_slack(SECRET, sign(age=290), BODY)


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
def test_a_forged_or_stale_request_is_rejected(case: str) -> None:
    assert not is_from_slack(SECRET, _forge_headers(case), BODY)


def _forge_headers(case: str) -> dict[str, str]:
    time_, signature = "X-Slack-Request-Timestamp", "X-Slack-Signature"
    return {
        "nothing": {},
        "another app": sign(secret=SecretStr("another app's")),
        "too old": sign(age=305),
        "from the future": sign(age=-310),
        "no time": {signature: sign()[signature]},
        "a time that is no number": sign() | {time_: "abc"},
        "a digit that is no digit": sign() | {time_: "²"},
        "a time beyond all clocks": sign() | {time_: "9" * 400},
        "a signature that is no ASCII": sign() | {signature: "v0=é"},
        "an empty signature": sign() | {signature: ""},
    }[case]


@pytest.mark.fault("F80")
def test_a_changed_body_is_rejected() -> None:
    assert not is_from_slack(SECRET, sign(), BODY + b"s")


@pytest.mark.fault("F80")
def test_a_body_that_is_not_utf8_is_rejected_without_an_error() -> None:
    assert not is_from_slack(SECRET, sign(), b"\xff\xfe")
