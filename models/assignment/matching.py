"""Who gets a ticket, and why: the best match of skills, the fewest open tickets, else an admin."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models.people.member import Member
from models.text import join_names, pluralize
from models.tickets.ticket import Ticket
from models.triage.result import Priority
from models.triage.taxonomy import Taxonomy

_HIGH_PRIORITIES = {Priority.HIGH, Priority.URGENT}
_AT_CAPACITY_TEXT = "has as many open tickets as they take"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A moderator or admin, with the number of tickets they have open."""

    member: Member
    open_tickets: int

    @property
    def is_at_capacity(self) -> bool:
        """Whether they have as many open tickets as they take."""
        capacity = self.member.capacity
        return capacity is not None and self.open_tickets >= capacity


@dataclass(frozen=True, slots=True)
class AssigneeChoice:
    """Who was chosen, and the reason as they will read it."""

    member: Member
    reason: str


def choose_assignee(
    ticket: Ticket, candidates: Sequence[Candidate], *, now: datetime, review_reason: str = ""
) -> AssigneeChoice | None:
    """The person to offer the ticket to, or None when there is nobody at all.

    Never the requester, never somebody away or inactive. A confidential ticket goes to those who
    are trusted with such, to an admin when none of them is here, and to others only where an admin
    has trusted nobody. Who declined or released the ticket is asked again only
    when nobody else is left, an admin first. Nobody gets more than they take, but for an admin when
    nobody has room.

    Args:
        doubt: why it is for an admin who is free, whoever else knows about it; see `doubtful`.
    """
    available = [
        p
        for p in _eligible_candidates(candidates, ticket, now)
        if _is_available(p.member, ticket, now)
    ]
    room = [person for person in available if not person.is_at_capacity]
    full = [person for person in available if person.is_at_capacity]
    fresh = [person for person in room if person.member.slack_id not in ticket.declined_by]
    return (
        _choose_last_resolver(ticket, fresh)
        or (_choose_admin(fresh, reason=review_reason) if review_reason else None)
        or _choose_by_skills(ticket, fresh, full)
        or _choose_admin(fresh, reason=_no_match_reason(ticket, full))
        or _choose_admin(
            room,
            reason="everybody else has declined" + (f" or {_AT_CAPACITY_TEXT}" if full else ""),
        )
        or _choose_least_busy(fresh or room)
        or _choose_admin(full, reason=f"everybody who could take it {_AT_CAPACITY_TEXT}")
    )


def reason_for_admin_review(ticket: Ticket, configuration: Taxonomy) -> str:
    """Why an admin is to look at a ticket first: it may be urgent, and that is not sure; or ""."""
    category = configuration.find_category(ticket.triage.category) if ticket.triage else None
    if (
        not ticket.has_uncertain_category
        or category is None
        or category.floor not in _HIGH_PRIORITIES
    ):
        return ""
    return f"it is not sure that this is {category.name}, which is never less than {category.floor}"


def skipped_candidates(
    ticket: Ticket, candidates: Sequence[Candidate], *, now: datetime
) -> list[tuple[Member, str]]:
    """Those who know what the ticket needs, and yet can't get it, with the reason."""
    wanted = _required_skills(ticket)
    able = [person for person in candidates if person.member.can_moderate]
    able = [person for person in able if matching_skills(person.member, wanted)]
    return [
        (person.member, why) for person in able if (why := _reason_unavailable(person, ticket, now))
    ]


def matching_skills(member: Member, required_skills: Sequence[str]) -> tuple[str, ...]:
    """The wanted skills that the member has, in the order they are wanted."""
    return tuple(skill for skill in required_skills if skill in member.skills)


def _is_available(member: Member, ticket: Ticket, now: datetime) -> bool:
    return member.can_moderate and not member.is_away(now) and member.slack_id != ticket.requester


def _eligible_candidates(
    candidates: Sequence[Candidate], ticket: Ticket, now: datetime
) -> Sequence[Candidate]:
    """Those who may be given the ticket for what stands in it."""
    others = [
        p for p in candidates if p.member.can_moderate and p.member.slack_id != ticket.requester
    ]
    trusted = [person for person in others if person.member.trusted]
    if not (ticket.confidential and trusted):
        return candidates
    if any(_is_available(person.member, ticket, now) for person in trusted):
        return trusted
    return [person for person in others if person.member.can_administer]


def _reason_unavailable(candidate: Candidate, ticket: Ticket, now: datetime) -> str:
    if candidate.member.slack_id == ticket.requester:
        return "asked for it"
    if candidate.member.is_away(now):
        return "is away"
    return f"{_AT_CAPACITY_TEXT} ({candidate.open_tickets})" if candidate.is_at_capacity else ""


def _required_skills(ticket: Ticket) -> tuple[str, ...]:
    return ticket.triage.skills if ticket.triage else ()


def _choose_last_resolver(ticket: Ticket, candidates: Sequence[Candidate]) -> AssigneeChoice | None:
    had = next((p for p in candidates if p.member.slack_id == ticket.resolver), None)
    return _choice(had, "you had it before") if had else None


def _choose_by_skills(
    ticket: Ticket, candidates: Sequence[Candidate], at_capacity: Sequence[Candidate]
) -> AssigneeChoice | None:
    wanted = _required_skills(ticket)
    able = [person for person in candidates if matching_skills(person.member, wanted)]
    if not able:
        return None
    best = min(
        able,
        key=lambda person: (
            -len(matching_skills(person.member, wanted)),
            person.open_tickets,
            person.member.slack_id,
        ),
    )
    knows = matching_skills(best.member, wanted)
    better = any(len(matching_skills(person.member, wanted)) > len(knows) for person in at_capacity)
    return _choice(
        best,
        f"knows {join_names(knows)}" + (f", who knows more {_AT_CAPACITY_TEXT}" if better else ""),
    )


def _choose_admin(candidates: Sequence[Candidate], *, reason: str) -> AssigneeChoice | None:
    admins = [person for person in candidates if person.member.can_administer]
    if not admins:
        return None
    least = min(admins, key=lambda person: (person.open_tickets, person.member.slack_id))
    return _choice(least, f"you are an admin and {reason}")


def _choose_least_busy(candidates: Sequence[Candidate]) -> AssigneeChoice | None:
    """Better somebody who may not know about it than nobody: they can decline."""
    if not candidates:
        return None
    least = min(candidates, key=lambda person: (person.open_tickets, person.member.slack_id))
    return _choice(least, "nobody here knows more about it, and no admin is free")


def _no_match_reason(ticket: Ticket, at_capacity: Sequence[Candidate]) -> str:
    wanted = _required_skills(ticket)
    if not wanted:
        return "the ticket names no skill that the desk knows"
    if any(matching_skills(person.member, wanted) for person in at_capacity):
        return f"who knows {join_names(wanted)} {_AT_CAPACITY_TEXT}"
    return f"nobody available knows {join_names(wanted)}"


def _choice(candidate: Candidate, reason: str) -> AssigneeChoice:
    return AssigneeChoice(
        member=candidate.member,
        reason=f"{reason}; {pluralize(candidate.open_tickets, 'open ticket')}",
    )
