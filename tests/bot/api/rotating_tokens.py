"""Schemathesis hook that rotates tokens: one token would soon reach the rate limit."""

import os
from itertools import cycle
from typing import Any

import schemathesis

_tokens = cycle(os.environ["TOKENS_IN_TURN"].split())


@schemathesis.auth(refresh_interval=None)
class RotatingBearerAuth:
    """Sets the Authorization header from many tokens in turn."""

    def get(self, _case: Any, _context: Any) -> str:
        return next(_tokens)

    def set(self, case: Any, token: str, _context: Any) -> None:
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}
