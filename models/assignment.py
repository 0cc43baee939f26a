"""Who gets a ticket, and why: the best match of skills, the fewest open tickets, else an admin."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models.configuration import Configuration
from models.member import Member
from models.ticket import Ticket
from models.triage import Priority
from models.wording import counted, listed

_HIGH_STAKES = {Priority.HIGH, Priority.URGENT}
_FULL = "has as many open tickets as they take"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A moderator or admin, with the number of tickets they have open."""

    member: Member
    open_tickets: int

    @property
    def full(self) -> bool:
        """Whether they have as many open tickets as they take."""
        capacity = self.member.capacity
        return capacity is not None and self.open_tickets >= capacity


@dataclass(frozen=True, slots=True)
class Choice:
    """Who was chosen, and the reason as they will read it."""

    member: Member
    reason: str


def choose(
    ticket: Ticket, people: Sequence[Candidate], *, now: datetime, doubt: str = ""
) -> Choice | None:
    """The person to offer the ticket to, or None when there is nobody at all.

    Never the requester, never somebody away or inactive. A confidential ticket goes to those who
    are trusted with such, to an admin when none of them is here, and to others only where an admin
    has trusted nobody. Who declined or released the ticket is asked again only
    when nobody else is left, an admin first. Nobody gets more than they take, but for an admin when
    nobody has room.

    Args:
        doubt: why it is for an admin who is free, whoever else knows about it; see `doubtful`.
    """
    available = [p for p in _trusted(people, ticket, now) if _available(p.member, ticket, now)]
    room = [person for person in available if not person.full]
    full = [person for person in available if person.full]
    fresh = [person for person in room if person.member.slack_id not in ticket.tried]
    return (
        _who_had_it(ticket, fresh)
        or (_admin(fresh, because=doubt) if doubt else None)
        or _skilled(ticket, fresh, full)
        or _admin(fresh, because=_why_no_match(ticket, full))
        or _admin(room, because="everybody else has declined" + (f" or {_FULL}" if full else ""))
        or _least_busy(fresh or room)
        or _admin(full, because=f"everybody who could take it {_FULL}")
    )


def doubtful(ticket: Ticket, configuration: Configuration) -> str:
    """Why an admin is to look at a ticket first: it may be urgent, and that is not sure; or ""."""
    category = configuration.category(ticket.triage.category) if ticket.triage else None
    if not ticket.unsure or category is None or category.floor not in _HIGH_STAKES:
        return ""
    return f"it is not sure that this is {category.name}, which is never less than {category.floor}"


def passed_over(
    ticket: Ticket, people: Sequence[Candidate], *, now: datetime
) -> list[tuple[Member, str]]:
    """Those who know what the ticket needs, and yet can't get it, with the reason."""
    wanted = _wanted(ticket)
    able = [person for person in people if person.member.moderates]
    able = [person for person in able if matched(person.member, wanted)]
    return [(person.member, why) for person in able if (why := _why_not(person, ticket, now))]


def matched(member: Member, wanted: Sequence[str]) -> tuple[str, ...]:
    """The wanted skills that the member has, in the order they are wanted."""
    return tuple(skill for skill in wanted if skill in member.skills)


def _available(member: Member, ticket: Ticket, now: datetime) -> bool:
    return member.moderates and not member.is_away(now) and member.slack_id != ticket.requester


def _trusted(people: Sequence[Candidate], ticket: Ticket, now: datetime) -> Sequence[Candidate]:
    """Those who may be given the ticket for what stands in it."""
    others = [p for p in people if p.member.moderates and p.member.slack_id != ticket.requester]
    trusted = [person for person in others if person.member.trusted]
    if not (ticket.confidential and trusted):
        return people
    if any(_available(person.member, ticket, now) for person in trusted):
        return trusted
    return [person for person in others if person.member.administers]


def _why_not(person: Candidate, ticket: Ticket, now: datetime) -> str:
    if person.member.slack_id == ticket.requester:
        return "asked for it"
    if person.member.is_away(now):
        return "is away"
    return f"{_FULL} ({person.open_tickets})" if person.full else ""


def _wanted(ticket: Ticket) -> tuple[str, ...]:
    return ticket.triage.skills if ticket.triage else ()


def _who_had_it(ticket: Ticket, people: Sequence[Candidate]) -> Choice | None:
    had = next((p for p in people if p.member.slack_id == ticket.resolver), None)
    return _chosen(had, "you had it before") if had else None


def _skilled(
    ticket: Ticket, people: Sequence[Candidate], full: Sequence[Candidate]
) -> Choice | None:
    wanted = _wanted(ticket)
    able = [person for person in people if matched(person.member, wanted)]
    if not able:
        return None
    best = min(
        able,
        key=lambda person: (
            -len(matched(person.member, wanted)),
            person.open_tickets,
            person.member.slack_id,
        ),
    )
    knows = matched(best.member, wanted)
    better = any(len(matched(person.member, wanted)) > len(knows) for person in full)
    return _chosen(best, f"knows {listed(knows)}" + (f", who knows more {_FULL}" if better else ""))


def _admin(people: Sequence[Candidate], *, because: str) -> Choice | None:
    admins = [person for person in people if person.member.administers]
    if not admins:
        return None
    least = min(admins, key=lambda person: (person.open_tickets, person.member.slack_id))
    return _chosen(least, f"you are an admin and {because}")


def _least_busy(people: Sequence[Candidate]) -> Choice | None:
    """Better somebody who may not know about it than nobody: they can decline."""
    if not people:
        return None
    least = min(people, key=lambda person: (person.open_tickets, person.member.slack_id))
    return _chosen(least, "nobody here knows more about it, and no admin is free")


def _why_no_match(ticket: Ticket, full: Sequence[Candidate]) -> str:
    wanted = _wanted(ticket)
    if not wanted:
        return "the ticket names no skill that the desk knows"
    if any(matched(person.member, wanted) for person in full):
        return f"who knows {listed(wanted)} {_FULL}"
    return f"nobody available knows {listed(wanted)}"


def _chosen(person: Candidate, why: str) -> Choice:
    return Choice(
        member=person.member, reason=f"{why}; {counted(person.open_tickets, 'open ticket')}"
    )
