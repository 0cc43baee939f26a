"""The buttons on cards: their action ids, and the value that each button carries."""

import re
from dataclasses import dataclass
from enum import StrEnum

_VERSION_PATTERN = re.compile(r"[0-9]{1,9}")


class Button(StrEnum):
    """The buttons on cards; the value is the action id."""

    CLAIM = "claim_ticket"
    DECLINE = "decline_ticket"
    RELEASE = "release_ticket"
    RESOLVE = "resolve_ticket"
    REOPEN = "reopen_ticket"
    UNWATCH = "unwatch_ticket"
    RESOLVE_WITH_NOTE = "resolve_with_note"
    ANSWER_ALL = "answer_all"
    CORRECT = "correct_ticket"
    CHOOSE_LIKELIEST = "choose_likeliest"
    CHOOSE_SECOND = "choose_second"
    DETAILS = "details"


@dataclass(frozen=True, slots=True)
class ButtonValue:
    """The ticket that a button belongs to, and the version that its card showed."""

    ticket_id: str
    version: int

    @classmethod
    def parse(cls, value: str) -> "ButtonValue":
        """Read a button's value; a value that Frontdesk did not write names no ticket."""
        ticket_id, _, version = value.rpartition(":")
        if not _VERSION_PATTERN.fullmatch(version):
            return cls(ticket_id="", version=0)
        return cls(ticket_id=ticket_id, version=int(version))
