"""What stands in front of Bolt: size, time and signature of the raw body, before anything is read.

Bolt parses first, answers 500 to garbage, and logs the body of a badly signed request
(https://docs.slack.dev/authentication/verifying-requests-from-slack).
"""

import re
from collections.abc import Mapping

from pydantic import SecretStr
from slack_sdk.signature import SignatureVerifier

# A view is 250 kB at most, and form encoding can make three bytes of one.
MAX_BODY_BYTES = 1_000_000
_TIMESTAMP_PATTERN = re.compile(r"[0-9]{1,12}")


def is_from_slack(secret: SecretStr, headers: Mapping[str, str], body: bytes) -> bool:
    """Whether Slack has signed these very bytes within the last five minutes."""
    timestamp = headers.get("X-Slack-Request-Timestamp", "")
    signature = headers.get("X-Slack-Signature", "")
    # The verifier raises for a time that is no number, and for text that is no UTF-8.
    if not (_TIMESTAMP_PATTERN.fullmatch(timestamp) and signature.isascii()):
        return False
    try:
        return SignatureVerifier(secret.get_secret_value()).is_valid(body, timestamp, signature)
    except UnicodeDecodeError:
        return False
