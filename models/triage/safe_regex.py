"""Safe regular expressions: RE2 matches the patterns of admins in linear time.

Syntax: https://github.com/google/re2/wiki/Syntax, without look-around and back-references.
"""

from functools import lru_cache
from typing import Protocol

import re2

MAX_PATTERN_LENGTH = 100
# Limits the size of a compiled pattern, and so the time for each character of text.
_MAX_COMPILED_BYTES = 1 << 16


class CompiledPattern(Protocol):
    """A pattern that is ready to be searched."""

    def search(self, text: str) -> object | None:
        """The first match; None if the pattern does not match."""


@lru_cache(maxsize=1024)
def compile_pattern(pattern: str) -> CompiledPattern:
    """The pattern, ready to be searched; upper and lower case match each other.

    Raises:
        ValueError: the pattern is invalid or too long; the message says which.
    """
    if len(pattern) > MAX_PATTERN_LENGTH:
        raise ValueError(f"at most {MAX_PATTERN_LENGTH} characters are allowed")
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = _MAX_COMPILED_BYTES
    try:
        compiled: CompiledPattern = re2.compile(pattern, options)
    except re2.error as error:
        message = error.args[0] if error.args else ""
        text = message.decode(errors="replace") if isinstance(message, bytes) else str(message)
        raise ValueError(text) from error
    return compiled
