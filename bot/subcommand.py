"""Which listener a `/ticket …` is for: the word after it, when it stands alone."""

import re
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any

_TICKET_SUBCOMMAND_PATTERN = re.compile(r"\s*(\w+)\s+T-([0-9]{1,9})\s*", re.IGNORECASE | re.ASCII)


Command = dict[str, Any]
Matcher = Callable[[Command], Awaitable[bool]]


class Subcommand(StrEnum):
    """What may stand alone after `/ticket`."""

    HELP = "help"
    ADMIN = "admin"
    TOKEN = "token"  # noqa: S105  (a word that people type)


class TicketSubcommand(StrEnum):
    """What may stand after `/ticket`, followed by a ticket's number."""

    WATCH = "watch"
    UNWATCH = "unwatch"


_SUBCOMMANDS, _TICKET_SUBCOMMANDS = frozenset(Subcommand), frozenset(TicketSubcommand)


def subcommand_matcher(subcommand: Subcommand) -> Matcher:
    """A matcher for `/ticket WORD`; a sentence that begins with the word is a ticket."""

    async def matches(command: Command) -> bool:
        return _parse_subcommand(command) == subcommand

    return matches


def ticket_subcommand_matcher(subcommand: TicketSubcommand) -> Matcher:
    """A matcher for `/ticket VERB T-42`."""

    async def matches(command: Command) -> bool:
        return _parse_ticket_subcommand(command) == subcommand

    return matches


async def is_new_ticket(command: Command) -> bool:
    """A matcher for all that is none of these: what somebody asks for."""
    return (
        _parse_subcommand(command) not in _SUBCOMMANDS
        and _parse_ticket_subcommand(command) not in _TICKET_SUBCOMMANDS
    )


def parse_ticket_id(command: Command) -> str:
    """The id of the ticket that such a command is about."""
    found = _TICKET_SUBCOMMAND_PATTERN.fullmatch(command["text"])
    return f"T-{found[2]}" if found else ""


def _parse_subcommand(command: Command) -> str:
    typed: str = command.get("text", "")
    return typed.strip().casefold()


def _parse_ticket_subcommand(command: Command) -> str:
    found = _TICKET_SUBCOMMAND_PATTERN.fullmatch(command.get("text", ""))
    return found[1].casefold() if found else ""
