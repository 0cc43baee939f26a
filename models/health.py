"""Whether the desk works, in words: what was looked at, how it is, and what to do about it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from models.step import Step
from models.ticket import Ticket


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        what: its name.
        says: how it is, in a few words.
        todo: what to do about it; "" when it is well.
    """

    what: str
    says: str
    todo: str = ""

    @property
    def ok(self) -> bool:
        """Whether there is nothing to do."""
        return not self.todo


@dataclass(frozen=True, slots=True)
class Dead:
    """The steps of one kind that have been given up.

    Attributes:
        since: when the first of them was.
        reason: why that was.
    """

    step: Step
    tickets: tuple[str, ...]
    since: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Health:
    """How the desk is.

    Attributes:
        set_aside: by ticket, why its document can't be read.
    """

    findings: tuple[Finding, ...]
    dead: tuple[Dead, ...] = ()
    set_aside: Mapping[str, str] = field(default_factory=dict)


def dead_by_kind(tickets: Iterable[Ticket]) -> tuple[Dead, ...]:
    """The dead steps of these tickets, of each kind together, the oldest first."""
    kinds: dict[Step, Dead] = {}
    entries = [(e, ticket.id, e.dead_since) for ticket in tickets for e in ticket.pending]
    for entry, ticket_id, since in sorted(
        ((e, t, since) for e, t, since in entries if since), key=lambda one: one[2]
    ):
        first = kinds.get(entry.step)
        if first is None:
            kinds[entry.step] = Dead(
                step=entry.step, tickets=(ticket_id,), since=since, reason=entry.error
            )
        else:
            kinds[entry.step] = Dead(
                step=first.step,
                tickets=(*first.tickets, ticket_id),
                since=first.since,
                reason=first.reason,
            )
    return tuple(kinds.values())
