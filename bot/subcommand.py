"""Matchers that select the listener of a `/ticket` command by its first word."""

import re
from collections.abc import Awaitable, Callable
from enum import StrEnum

from bot.payload import Payload

_TICKET_SUBCOMMAND_PATTERN = re.compile(r"\s*(\w+)\s+T-([0-9]{1,9})\s*", re.IGNORECASE | re.ASCII)


Matcher = Callable[[Payload], Awaitable[bool]]


class Subcommand(StrEnum):
    """A word that may stand alone after `/ticket`."""

    HELP = "help"
    ADMIN = "admin"
    TOKEN = "token"  # noqa: S105  (a word that people type)


class TicketSubcommand(StrEnum):
    """A word that may follow `/ticket`, before a ticket number."""

    WATCH = "watch"
    UNWATCH = "unwatch"


_SUBCOMMANDS, _TICKET_SUBCOMMANDS = frozenset(Subcommand), frozenset(TicketSubcommand)


def subcommand_matcher(subcommand: Subcommand) -> Matcher:
    """A matcher for `/ticket WORD`; longer text that begins with the word opens a ticket."""

    async def matches(command: Payload) -> bool:
        return _parse_subcommand(command) == subcommand

    return matches


def ticket_subcommand_matcher(subcommand: TicketSubcommand) -> Matcher:
    """A matcher for `/ticket VERB T-42`."""

    async def matches(command: Payload) -> bool:
        return _parse_ticket_subcommand(command) == subcommand

    return matches


async def is_new_ticket(command: Payload) -> bool:
    """A matcher for every other text: the title of a new ticket."""
    return (
        _parse_subcommand(command) not in _SUBCOMMANDS
        and _parse_ticket_subcommand(command) not in _TICKET_SUBCOMMANDS
    )


def parse_ticket_id(command: Payload) -> str:
    """The ticket id in `/ticket VERB T-42`."""
    match = _TICKET_SUBCOMMAND_PATTERN.fullmatch(command["text"])
    return f"T-{match[2]}" if match else ""


def _parse_subcommand(command: Payload) -> str:
    text: str = command.get("text", "")
    return text.strip().casefold()


def _parse_ticket_subcommand(command: Payload) -> str:
    match = _TICKET_SUBCOMMAND_PATTERN.fullmatch(command.get("text", ""))
    return match[1].casefold() if match else ""
