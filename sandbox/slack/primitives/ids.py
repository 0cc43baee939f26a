"""Names that look like Slack's: T…, U…, D…, C…, V…, and message timestamps."""

import hashlib
import secrets
import time

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = _ALPHABET[rest] + digits
    return digits or "0"


def stable_id(prefix: str, *parts: str) -> str:
    """The same thing has the same id in every run: people and channels keep theirs."""
    digest = hashlib.sha256("\0".join((prefix, *parts)).encode()).digest()
    return f"{prefix}0{_base36(int.from_bytes(digest[:8]))[:9].rjust(9, '0')}"


def random_secret(length: int = 24) -> str:
    return secrets.token_hex(length // 2)


class IdGenerator:
    """Ids that never come twice, not even in the next run on the same database."""

    def __init__(self) -> None:
        self._last_id = int(time.time() * 1000)
        self._last_ts = 0

    def new_id(self, prefix: str) -> str:
        self._last_id += 1
        return f"{prefix}0{_base36(self._last_id).rjust(9, '0')}"

    def new_ts(self, now: float) -> str:
        """Message timestamps are the message's name in its channel: unique and increasing."""
        self._last_ts = max(int(now * 10_000) * 100, self._last_ts + 100)
        return f"{self._last_ts // 10**6}.{self._last_ts % 10**6:06d}"

    def new_trigger_id(self, now: float) -> str:
        self._last_id += 1
        return f"{int(now * 1000)}.{self._last_id}.{random_secret(32)}"
