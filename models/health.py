"""Results of the health checks: name, status and remedy, and the steps that are dead."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from operator import itemgetter

from models.infra.document_reader import UnreadableDocument
from models.tickets.pending_step import Step
from models.tickets.ticket import Ticket

MAX_REPORTED_TICKETS = 500


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check, as admins read it.

    Attributes:
        name: the part of the system that was checked.
        status: its state in a few words.
        remedy: what to do; "" if it works.
    """

    name: str
    status: str
    remedy: str = ""

    @property
    def is_ok(self) -> bool:
        return not self.remedy


@dataclass(frozen=True, slots=True)
class DeadStepGroup:
    """All dead steps of one kind.

    Attributes:
        step: the kind.
        ticket_ids: the tickets with such a step, the oldest failure first.
        since: when the first of them became dead.
        reason: the last error of the first one.
    """

    step: Step
    ticket_ids: tuple[str, ...]
    since: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class HealthReport:
    """The state of the whole system.

    Attributes:
        results: one for each check.
        dead_steps: the dead steps, grouped by kind.
        quarantined: by ticket id, why its document is damaged.
        unreadable: other damaged documents, which lists leave out.
    """

    results: tuple[CheckResult, ...]
    dead_steps: tuple[DeadStepGroup, ...] = ()
    quarantined: Mapping[str, str] = field(default_factory=dict)
    unreadable: tuple[UnreadableDocument, ...] = ()

    @property
    def is_ok(self) -> bool:
        """Whether nothing needs repair."""
        all_ok = all(result.is_ok for result in self.results)
        return all_ok and not (self.dead_steps or self.quarantined or self.unreadable)


def group_dead_steps(tickets: Iterable[Ticket]) -> tuple[DeadStepGroup, ...]:
    """The dead steps of these tickets, grouped by kind, the oldest first."""
    groups: dict[Step, DeadStepGroup] = {}
    entries = [(entry, ticket.id) for ticket in tickets for entry in ticket.pending]
    dead = [(entry.dead_since, entry, id_) for entry, id_ in entries if entry.dead_since]
    for since, entry, ticket_id in sorted(dead, key=itemgetter(0)):
        group = groups.get(entry.step) or DeadStepGroup(entry.step, (), since, entry.error)
        groups[entry.step] = replace(group, ticket_ids=(*group.ticket_ids, ticket_id))
    return tuple(groups.values())
