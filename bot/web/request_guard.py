"""Verifies size, time and signature of the raw body before Bolt parses it.

Bolt parses first, answers 500 to an invalid body, and logs the body of a badly signed request
(https://docs.slack.dev/authentication/verifying-requests-from-slack).
"""

import asyncio
import re
from collections.abc import Mapping

from pydantic import SecretStr
from slack_sdk.signature import SignatureVerifier
from starlette.requests import ClientDisconnect, Request

# A view is at most 250 kB, and form encoding can turn one byte into three.
MAX_BODY_BYTES = 1_000_000
# Slack itself gives up after three seconds.
_BODY_TIMEOUT_SECONDS = 2
_TIMESTAMP_PATTERN = re.compile(r"[0-9]{1,12}")


class RequestRejected(Exception):
    """The request is not from Slack, or is not one that Slack would send.

    Attributes:
        status: the HTTP status of the answer.
    """

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


async def read_signed_body(request: Request, secret: SecretStr) -> bytes:
    """The body of a request that Slack has signed.

    Raises:
        RequestRejected: it is not signed by Slack, is too large, or takes too long.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_TIMEOUT_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > MAX_BODY_BYTES:
                    raise RequestRejected(413, "the body is too large")
    except TimeoutError as error:
        raise RequestRejected(408, "the body took too long to arrive") from error
    except ClientDisconnect as error:
        raise RequestRejected(400, "the client has disconnected") from error
    if not is_from_slack(secret, request.headers, bytes(body)):
        raise RequestRejected(401, "the request is not signed by Slack")
    return bytes(body)


def is_from_slack(secret: SecretStr, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether Slack has signed exactly this body within the last five minutes."""
    timestamp = headers.get("X-Slack-Request-Timestamp", "")
    signature = headers.get("X-Slack-Signature", "")
    # slack_sdk's verifier raises if the timestamp is not a number, or the body is not UTF-8.
    if not (_TIMESTAMP_PATTERN.fullmatch(timestamp) and signature.isascii()):
        return False
    try:
        return SignatureVerifier(secret.get_secret_value()).is_valid(body, timestamp, signature)
    except UnicodeDecodeError:
        return False
