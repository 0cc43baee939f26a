"""Ids that look like Slack's (T…, U…, D…, C…, V…), and message timestamps."""

import hashlib
import secrets
import time

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, remainder = divmod(number, 36)
        digits = _ALPHABET[remainder] + digits
    return digits or "0"


def stable_id(prefix: str, *parts: str) -> str:
    """Return an id that is the same in every run, for people and channels."""
    digest = hashlib.sha256("\0".join((prefix, *parts)).encode()).digest()
    return f"{prefix}0{_base36(int.from_bytes(digest[:8]))[:9].rjust(9, '0')}"


def random_secret(length: int = 24) -> str:
    return secrets.token_hex(length // 2)


class IdGenerator:
    """Unique ids, also across runs on the same database."""

    def __init__(self) -> None:
        self._last_id = int(time.time() * 1000)
        self._last_ts = 0

    def new_id(self, prefix: str) -> str:
        self._last_id += 1
        return f"{prefix}0{_base36(self._last_id).rjust(9, '0')}"

    def new_ts(self, now: float) -> str:
        """Return a message timestamp: a message's id in its channel, unique and increasing."""
        self._last_ts = max(int(now * 10_000) * 100, self._last_ts + 100)
        return f"{self._last_ts // 10**6}.{self._last_ts % 10**6:06d}"

    def new_trigger_id(self, now: float) -> str:
        self._last_id += 1
        return f"{int(now * 1000)}.{self._last_id}.{random_secret(32)}"
