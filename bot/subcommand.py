"""Which listener a `/ticket …` is for: the word after it, when it stands alone."""

from collections.abc import Awaitable, Callable
from typing import Any


def subcommand(word: str) -> Callable[[dict[str, Any]], Awaitable[bool]]:
    """A matcher for `/ticket WORD`; a sentence that begins with the word is a ticket."""

    async def matches(command: dict[str, Any]) -> bool:
        typed: str = command.get("text", "")
        return typed.strip().casefold() == word

    return matches
