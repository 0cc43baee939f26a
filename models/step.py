"""A step that is still to be done for a ticket: asked for, leased, put off, given up."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict

LEASE = timedelta(seconds=30)


class Step(StrEnum):
    """Something the desk still has to do for a ticket; the value is the worker function's name."""

    TRIAGE = "triage_ticket"
    ASSIGN = "assign_ticket"
    DM_REQUESTER = "dm_requester"
    DM_ASSIGNEE = "dm_assignee"
    EMAIL_ASSIGNEE = "email_assignee"
    ASK_REQUESTER = "ask_requester"
    DM_WATCHERS = "dm_watchers"
    REFRESH_CARDS = "refresh_cards"
    TELL_ADMINS = "tell_admins"
    DELIVER_WEBHOOKS = "deliver_webhooks"
    LEARN = "learn_from_ticket"
    TRIAGE_AGAIN = "triage_again"
    ANSWER_ALL = "answer_all"


# Nobody waits for these with a finger on a button.
BULK = frozenset({Step.TRIAGE, Step.TRIAGE_AGAIN, Step.LEARN})


class Pending(BaseModel):
    """A step that is still to be done.

    Attributes:
        due: when it may be taken next; a lease is a due time in the future. None: dead.
        held: whether somebody has it on lease.
        asked: the ticket's `rev` when it was last asked for; another one asks for it again.
        lease: the fencing token of its holder; never used twice in the life of the ticket.
        tries: how many times it has been leased, without those that ended before anything was done.
        attempts: how many attempts have failed.
        error: why the last one failed.
        dead_since: when it was given up.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    step: Step
    asked: int
    due: datetime | None
    lease: int
    held: bool = False
    tries: int = 0
    attempts: int = 0
    error: str = ""
    dead_since: datetime | None = None

    def taken(self, *, until: datetime, lease: int) -> Self:
        """The step on lease."""
        return self.model_copy(
            update={"due": until, "held": True, "lease": lease, "tries": self.tries + 1}
        )

    def again(self, *, due: datetime) -> Self:
        """The step as if it had never failed."""
        fresh = {"due": due, "held": False, "attempts": 0, "error": "", "dead_since": None}
        return self.model_copy(update=fresh)


def asked(
    pending: tuple[Pending, ...], step: Step, *, due: datetime, rev: int
) -> tuple[Pending, ...]:
    """The pending steps with this one asked for.

    A step that is being done right now keeps its lease: its holder will see that it was asked for
    again. Leases are numbered by the ticket's `rev`, which every write, each lease among them,
    raises.
    """
    entry = next((entry for entry in pending if entry.step is step), None)
    if entry is None:
        return (*pending, Pending(step=step, asked=rev, due=due, lease=rev))
    running = entry.held and entry.due is not None and entry.due > due
    fresh = (entry if running else entry.again(due=due)).model_copy(update={"asked": rev})
    return tuple(fresh if other is entry else other for other in pending)
