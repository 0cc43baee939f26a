"""Whether the desk works, in words: what was looked at, how it is, and what to do about it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from models.tickets.pending_step import Step
from models.tickets.ticket import Ticket


@dataclass(frozen=True, slots=True)
class CheckResult:
    """One thing that was looked at.

    Attributes:
        what: its name.
        says: how it is, in a few words.
        todo: what to do about it; "" when it is well.
    """

    name: str
    status: str
    remedy: str = ""

    @property
    def is_ok(self) -> bool:
        """Whether there is nothing to do."""
        return not self.remedy


@dataclass(frozen=True, slots=True)
class DeadStepGroup:
    """The steps of one kind that have been given up.

    Attributes:
        since: when the first of them was.
        reason: why that was.
    """

    step: Step
    ticket_ids: tuple[str, ...]
    since: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class HealthReport:
    """How the desk is.

    Attributes:
        set_aside: by ticket, why its document can't be read.
    """

    results: tuple[CheckResult, ...]
    dead_steps: tuple[DeadStepGroup, ...] = ()
    quarantined: Mapping[str, str] = field(default_factory=dict)


def group_dead_steps(tickets: Iterable[Ticket]) -> tuple[DeadStepGroup, ...]:
    """The dead steps of these tickets, of each kind together, the oldest first."""
    kinds: dict[Step, DeadStepGroup] = {}
    entries = [(e, ticket.id, e.dead_since) for ticket in tickets for e in ticket.pending]
    for entry, ticket_id, since in sorted(
        ((e, t, since) for e, t, since in entries if since), key=lambda one: one[2]
    ):
        first = kinds.get(entry.step)
        if first is None:
            kinds[entry.step] = DeadStepGroup(
                step=entry.step, ticket_ids=(ticket_id,), since=since, reason=entry.error
            )
        else:
            kinds[entry.step] = DeadStepGroup(
                step=first.step,
                ticket_ids=(*first.ticket_ids, ticket_id),
                since=first.since,
                reason=first.reason,
            )
    return tuple(kinds.values())
