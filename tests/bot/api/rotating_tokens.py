"""Schemathesis takes the tokens in turn: with a single one it would soon be told to wait."""

import os
from itertools import cycle
from typing import Any

import schemathesis

_tokens = cycle(os.environ["TOKENS_IN_TURN"].split())


@schemathesis.auth(refresh_interval=None)
class RotatingBearerAuth:
    """The header of a caller who has many tokens."""

    def get(self, _case: Any, _context: Any) -> str:
        """The next token."""
        return next(_tokens)

    def set(self, case: Any, token: str, _context: Any) -> None:
        """Put it into the request."""
        case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}
