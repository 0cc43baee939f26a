"""Matching: the best skills, then the fewest open tickets, then an admin; with the reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from models.people.member import Member
from models.text import join_names, pluralize
from models.tickets.ticket import Ticket
from models.triage.result import Priority
from models.triage.taxonomy import Taxonomy

_HIGH_PRIORITIES = {Priority.HIGH, Priority.URGENT}
_AT_CAPACITY_TEXT = "is at their maximum of open tickets"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A member, with the number of their open tickets."""

    member: Member
    open_tickets: int

    @property
    def is_at_capacity(self) -> bool:
        """Whether they have reached their maximum of open tickets."""
        capacity = self.member.capacity
        return capacity is not None and self.open_tickets >= capacity


@dataclass(frozen=True, slots=True)
class AssigneeChoice:
    """The chosen member, and the reason that they will read."""

    member: Member
    reason: str


def choose_assignee(
    ticket: Ticket, candidates: Sequence[Candidate], *, now: datetime, review_reason: str = ""
) -> AssigneeChoice | None:
    """The member who is offered the ticket, or None when nobody is available.

    The requester and members who are inactive or out of office are never chosen. A confidential
    ticket goes to a trusted member, or to an admin while no trusted member is available. Others get
    it only if no moderator besides the requester is trusted.

    Members who declined or released the ticket get it again only when no admin and nobody with a
    matching skill is left. Then an admin who declined comes before a moderator without a matching
    skill, and other members who declined come last. Only an admin may get more tickets than their
    maximum, when everybody is at theirs.

    Args:
        review_reason: why an available admin gets it first; see `reason_for_admin_review`.
    """
    available = [
        candidate
        for candidate in _eligible_candidates(candidates, ticket, now)
        if _is_available(candidate.member, ticket, now)
    ]
    below_capacity = [candidate for candidate in available if not candidate.is_at_capacity]
    at_capacity = [candidate for candidate in available if candidate.is_at_capacity]
    not_declined = [
        candidate
        for candidate in below_capacity
        if candidate.member.slack_id not in ticket.declined_by
    ]
    declined_reason = "everybody else has declined"
    if at_capacity:
        declined_reason += f" or {_AT_CAPACITY_TEXT}"
    return (
        _choose_last_resolver(ticket, not_declined)
        or (_choose_admin(not_declined, reason=review_reason) if review_reason else None)
        or _choose_by_skills(ticket, not_declined, at_capacity)
        or _choose_admin(not_declined, reason=_no_match_reason(ticket, at_capacity))
        or _choose_admin(below_capacity, reason=declined_reason)
        or _choose_least_busy(not_declined or below_capacity)
        or _choose_admin(at_capacity, reason=f"everybody available {_AT_CAPACITY_TEXT}")
    )


def reason_for_admin_review(ticket: Ticket, taxonomy: Taxonomy) -> str:
    """The reason why an admin should check a ticket that may be urgent, or ""."""
    category = taxonomy.find_category(ticket.triage.category) if ticket.triage else None
    if (
        not ticket.has_uncertain_category
        or category is None
        or category.floor not in _HIGH_PRIORITIES
    ):
        return ""
    return (
        f"triage is not sure that this is {category.name}, "
        f"which has the minimum priority {category.floor}"
    )


def skipped_candidates(
    ticket: Ticket, candidates: Sequence[Candidate], *, now: datetime
) -> list[tuple[Member, str]]:
    """The members with a matching skill who cannot get the ticket, each with the reason."""
    required_skills = _required_skills(ticket)
    moderators = [candidate for candidate in candidates if candidate.member.can_moderate]
    return [
        (candidate.member, reason)
        for candidate in moderators
        if matching_skills(candidate.member, required_skills)
        and (reason := _reason_unavailable(candidate, ticket, now))
    ]


def matching_skills(member: Member, required_skills: Sequence[str]) -> tuple[str, ...]:
    """The required skills that the member has, in the order of `required_skills`."""
    return tuple(skill for skill in required_skills if skill in member.skills)


def _is_available(member: Member, ticket: Ticket, now: datetime) -> bool:
    return member.can_moderate and not member.is_away(now) and member.slack_id != ticket.requester


def _eligible_candidates(
    candidates: Sequence[Candidate], ticket: Ticket, now: datetime
) -> Sequence[Candidate]:
    others = [
        candidate
        for candidate in candidates
        if candidate.member.can_moderate and candidate.member.slack_id != ticket.requester
    ]
    trusted = [candidate for candidate in others if candidate.member.trusted]
    if not (ticket.confidential and trusted):
        return candidates
    if any(_is_available(candidate.member, ticket, now) for candidate in trusted):
        return trusted
    return [candidate for candidate in others if candidate.member.can_administer]


def _reason_unavailable(candidate: Candidate, ticket: Ticket, now: datetime) -> str:
    if candidate.member.slack_id == ticket.requester:
        return "is the requester"
    if candidate.member.is_away(now):
        return "is out of office"
    return f"{_AT_CAPACITY_TEXT} ({candidate.open_tickets})" if candidate.is_at_capacity else ""


def _required_skills(ticket: Ticket) -> tuple[str, ...]:
    return ticket.triage.skills if ticket.triage else ()


def _choose_last_resolver(ticket: Ticket, candidates: Sequence[Candidate]) -> AssigneeChoice | None:
    for candidate in candidates:
        if candidate.member.slack_id == ticket.resolver:
            return _choice(candidate, "you had it before")
    return None


def _choose_by_skills(
    ticket: Ticket, candidates: Sequence[Candidate], at_capacity: Sequence[Candidate]
) -> AssigneeChoice | None:
    required_skills = _required_skills(ticket)

    def match_count(candidate: Candidate) -> int:
        return len(matching_skills(candidate.member, required_skills))

    matching = [candidate for candidate in candidates if match_count(candidate)]
    if not matching:
        return None
    best = min(
        matching,
        key=lambda candidate: (
            -match_count(candidate),
            candidate.open_tickets,
            candidate.member.slack_id,
        ),
    )
    reason = f"knows {join_names(matching_skills(best.member, required_skills))}"
    if any(match_count(candidate) > match_count(best) for candidate in at_capacity):
        reason += f"; a better match {_AT_CAPACITY_TEXT}"
    return _choice(best, reason)


def _choose_admin(candidates: Sequence[Candidate], *, reason: str) -> AssigneeChoice | None:
    admins = [candidate for candidate in candidates if candidate.member.can_administer]
    return _choice(_least_busy(admins), f"you are an admin and {reason}") if admins else None


def _choose_least_busy(candidates: Sequence[Candidate]) -> AssigneeChoice | None:
    # A moderator without a matching skill can decline; an unassigned ticket would only wait.
    if not candidates:
        return None
    return _choice(
        _least_busy(candidates), "nobody available has a matching skill, and no admin is free"
    )


def _least_busy(candidates: Sequence[Candidate]) -> Candidate:
    return min(
        candidates, key=lambda candidate: (candidate.open_tickets, candidate.member.slack_id)
    )


def _no_match_reason(ticket: Ticket, at_capacity: Sequence[Candidate]) -> str:
    required_skills = _required_skills(ticket)
    if not required_skills:
        return "the ticket names no known skill"
    if any(matching_skills(candidate.member, required_skills) for candidate in at_capacity):
        return f"everybody who knows {join_names(required_skills)} {_AT_CAPACITY_TEXT}"
    return f"nobody available knows {join_names(required_skills)}"


def _choice(candidate: Candidate, reason: str) -> AssigneeChoice:
    return AssigneeChoice(
        member=candidate.member,
        reason=f"{reason}; {pluralize(candidate.open_tickets, 'open ticket')}",
    )
