"""Patterns that admins write: RE2 looks for them in time linear in the text, whatever they are.

https://github.com/google/re2/wiki/Syntax; there is no look-around and no back-reference.
"""

from functools import lru_cache
from typing import Protocol

import re2

MAX_PATTERN_LENGTH = 100
# Bounds how large a compiled pattern may be, and by that the time for a character of text.
_MAX_COMPILED_BYTES = 1 << 16


class CompiledPattern(Protocol):
    """A pattern that can be looked for."""

    def search(self, text: str) -> object | None:
        """The first place where it fits; None when it fits nowhere."""


@lru_cache(maxsize=1024)
def compile_pattern(pattern: str) -> CompiledPattern:
    """The pattern, ready to be looked for; capitals count as small letters.

    Raises:
        ValueError: it is none, or too long; the message says which.
    """
    if len(pattern) > MAX_PATTERN_LENGTH:
        raise ValueError(f"at most {MAX_PATTERN_LENGTH} characters fit")
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = _MAX_COMPILED_BYTES
    try:
        ready: CompiledPattern = re2.compile(pattern, options)
    except re2.error as wrong:
        said = wrong.args[0] if wrong.args else ""
        why = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        raise ValueError(why) from wrong
    return ready
