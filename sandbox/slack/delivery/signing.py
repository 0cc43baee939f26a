"""Slack's request signature: v0 HMAC-SHA256 over timestamp and body."""

import hashlib
import hmac


def signature_headers(body: bytes, *, secret: str, timestamp: int) -> dict[str, str]:
    base = b"v0:%d:%s" % (timestamp, body)
    digest = hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": str(timestamp), "X-Slack-Signature": f"v0={digest}"}
