"""Which listener a `/ticket …` is for: the word after it, when it stands alone."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

_ABOUT = re.compile(r"\s*(\w+)\s+T-([0-9]{1,9})\s*", re.IGNORECASE | re.ASCII)


def subcommand(word: str) -> Callable[[dict[str, Any]], Awaitable[bool]]:
    """A matcher for `/ticket WORD`; a sentence that begins with the word is a ticket."""

    async def matches(command: dict[str, Any]) -> bool:
        typed: str = command.get("text", "")
        return typed.strip().casefold() == word

    return matches


def about_ticket(word: str) -> Callable[[dict[str, Any]], Awaitable[bool]]:
    """A matcher for `/ticket WORD T-42`."""

    async def matches(command: dict[str, Any]) -> bool:
        found = _ABOUT.fullmatch(command.get("text", ""))
        return found is not None and found[1].casefold() == word

    return matches


def ticket_in(command: dict[str, Any]) -> str:
    """The id of the ticket that such a command is about."""
    found = _ABOUT.fullmatch(command["text"])
    return f"T-{found[2]}" if found else ""
