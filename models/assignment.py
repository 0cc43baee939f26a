"""Who gets a ticket, and why: the best match of skills, the fewest open tickets, else an admin."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models.member import Member
from models.ticket import Ticket
from models.wording import counted, listed


@dataclass(frozen=True, slots=True)
class Candidate:
    """A moderator or admin, with the number of tickets they have open."""

    member: Member
    open_tickets: int


@dataclass(frozen=True, slots=True)
class Choice:
    """Who was chosen, and the reason as they will read it."""

    member: Member
    reason: str


def choose(ticket: Ticket, people: Sequence[Candidate], *, now: datetime) -> Choice | None:
    """The person to offer the ticket to, or None when there is nobody at all.

    Never the requester, never somebody away or inactive. A confidential ticket goes to those who
    are trusted with such, if there are any. Who declined or released the ticket is asked again only
    when nobody else is left, an admin first.
    """
    available = _trusted([p for p in people if _available(p.member, ticket, now)], ticket)
    fresh = [person for person in available if person.member.slack_id not in ticket.tried]
    return (
        _who_had_it(ticket, fresh)
        or _skilled(ticket, fresh)
        or _admin(fresh, because=_why_no_match(ticket))
        or _admin(available, because="everybody else has declined")
        or _least_busy(fresh or available)
    )


def matched(member: Member, wanted: Sequence[str]) -> tuple[str, ...]:
    """The wanted skills that the member has, in the order they are wanted."""
    return tuple(skill for skill in wanted if skill in member.skills)


def _available(member: Member, ticket: Ticket, now: datetime) -> bool:
    return member.moderates and not member.is_away(now) and member.slack_id != ticket.requester


def _trusted(people: list[Candidate], ticket: Ticket) -> list[Candidate]:
    if not ticket.confidential:
        return people
    return [person for person in people if person.member.trusted] or people


def _who_had_it(ticket: Ticket, people: Sequence[Candidate]) -> Choice | None:
    had = next((p for p in people if p.member.slack_id == ticket.resolver), None)
    return _chosen(had, "you had it before") if had else None


def _skilled(ticket: Ticket, people: Sequence[Candidate]) -> Choice | None:
    wanted = ticket.triage.skills if ticket.triage else ()
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
    return _chosen(best, f"knows {listed(matched(best.member, wanted))}")


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


def _why_no_match(ticket: Ticket) -> str:
    wanted = ticket.triage.skills if ticket.triage else ()
    if not wanted:
        return "the ticket names no skill that the desk knows"
    return f"nobody available knows {listed(wanted)}"


def _chosen(person: Candidate, why: str) -> Choice:
    return Choice(
        member=person.member, reason=f"{why}; {counted(person.open_tickets, 'open ticket')}"
    )
