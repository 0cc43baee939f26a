"""Which listener a `/ticket …` is for: the word after it, when it stands alone."""

import re
from collections.abc import Awaitable, Callable
from enum import StrEnum
from typing import Any

_ABOUT = re.compile(r"\s*(\w+)\s+T-([0-9]{1,9})\s*", re.IGNORECASE | re.ASCII)


Command = dict[str, Any]
Matcher = Callable[[Command], Awaitable[bool]]


class Word(StrEnum):
    """What may stand alone after `/ticket`."""

    HELP = "help"
    ADMIN = "admin"
    TOKEN = "token"  # noqa: S105  (a word that people type)


class About(StrEnum):
    """What may stand after `/ticket`, followed by a ticket's number."""

    WATCH = "watch"
    UNWATCH = "unwatch"


_WORDS, _VERBS = frozenset(Word), frozenset(About)


def subcommand(word: Word) -> Matcher:
    """A matcher for `/ticket WORD`; a sentence that begins with the word is a ticket."""

    async def matches(command: Command) -> bool:
        return _word_in(command) == word

    return matches


def about_ticket(verb: About) -> Matcher:
    """A matcher for `/ticket VERB T-42`."""

    async def matches(command: Command) -> bool:
        return _verb_in(command) == verb

    return matches


async def new_ticket(command: Command) -> bool:
    """A matcher for all that is none of these: what somebody asks for."""
    return _word_in(command) not in _WORDS and _verb_in(command) not in _VERBS


def ticket_in(command: Command) -> str:
    """The id of the ticket that such a command is about."""
    found = _ABOUT.fullmatch(command["text"])
    return f"T-{found[2]}" if found else ""


def _word_in(command: Command) -> str:
    typed: str = command.get("text", "")
    return typed.strip().casefold()


def _verb_in(command: Command) -> str:
    found = _ABOUT.fullmatch(command.get("text", ""))
    return found[1].casefold() if found else ""
