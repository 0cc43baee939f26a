"""The workflow: a table of moves with their statuses, and the steps that follow each move.

`models.tickets.permissions` decides who may make a move.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from models.errors import Conflict, NotAllowed
from models.people.member import Member
from models.tickets.pending_step import Step
from models.tickets.permissions import Verb, can
from models.tickets.refusals import conflict_text, forbidden_text
from models.tickets.ticket import Event, Status, Ticket


class Move(StrEnum):
    """A move of a ticket; the value is stored in its history."""

    OPEN = "opened"
    TRIAGE = "triaged"
    OFFER = "offered"
    CLAIM = "claimed"
    DECLINE = "declined"
    RELEASE = "released"
    RESOLVE = "resolved"
    REOPEN = "reopened"
    UNASSIGN = "withdrawn"
    SELF_RESOLVE = "solved"
    RESOLVE_WITH_INCIDENT = "answered"
    CORRECT = "corrected"
    RETRIAGE = "triaged again"


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the workflow.

    Attributes:
        to_status: the status after the move; None: the status does not change.
        verb: the permission that a person needs; None: only Frontdesk itself makes the move.
    """

    from_statuses: frozenset[Status]
    to_status: Status | None
    verb: Verb | None
    next_steps: tuple[Step, ...]


def _new_transition(
    from_statuses: set[Status],
    to_status: Status | None,
    *,
    verb: Verb | None,
    next_steps: tuple[Step, ...],
) -> Transition:
    return Transition(
        from_statuses=frozenset(from_statuses),
        to_status=to_status,
        verb=verb,
        next_steps=next_steps,
    )


TRANSITIONS: Mapping[Move, Transition] = {
    Move.OPEN: _new_transition(
        {Status.NEW}, Status.NEW, verb=Verb.OPEN, next_steps=(Step.TRIAGE, Step.DM_REQUESTER)
    ),
    Move.TRIAGE: _new_transition(
        {Status.NEW}, Status.TRIAGED, verb=None, next_steps=(Step.ASSIGN, Step.REFRESH_CARDS)
    ),
    Move.OFFER: _new_transition(
        {Status.TRIAGED},
        Status.OFFERED,
        verb=None,
        next_steps=(Step.DM_ASSIGNEE, Step.EMAIL_ASSIGNEE, Step.REFRESH_CARDS),
    ),
    Move.CLAIM: _new_transition(
        {Status.OFFERED},
        Status.CLAIMED,
        verb=Verb.CLAIM,
        next_steps=(Step.REFRESH_CARDS,),
    ),
    Move.DECLINE: _new_transition(
        {Status.OFFERED},
        Status.TRIAGED,
        verb=Verb.DECLINE,
        next_steps=(Step.ASSIGN, Step.REFRESH_CARDS),
    ),
    Move.RELEASE: _new_transition(
        {Status.CLAIMED},
        Status.TRIAGED,
        verb=Verb.RELEASE,
        next_steps=(Step.ASSIGN, Step.REFRESH_CARDS),
    ),
    Move.RESOLVE: _new_transition(
        {Status.CLAIMED},
        Status.RESOLVED,
        verb=Verb.RESOLVE,
        next_steps=(Step.ASK_REQUESTER, Step.REFRESH_CARDS, Step.LEARN),
    ),
    Move.REOPEN: _new_transition(
        {Status.RESOLVED},
        Status.TRIAGED,
        verb=Verb.REOPEN,
        next_steps=(Step.ASSIGN, Step.REFRESH_CARDS),
    ),
    # The assignee is no longer a moderator, so the ticket needs a new one.
    Move.UNASSIGN: _new_transition(
        {Status.OFFERED, Status.CLAIMED},
        Status.TRIAGED,
        verb=None,
        next_steps=(Step.ASSIGN, Step.REFRESH_CARDS),
    ),
    # The requester does not need help any more.
    Move.SELF_RESOLVE: _new_transition(
        {Status.NEW, Status.TRIAGED, Status.OFFERED, Status.CLAIMED},
        Status.RESOLVED,
        verb=Verb.SELF_RESOLVE,
        next_steps=(Step.ASK_REQUESTER, Step.REFRESH_CARDS),
    ),
    # Another ticket of the same incident was resolved with an answer for all of them.
    Move.RESOLVE_WITH_INCIDENT: _new_transition(
        {Status.TRIAGED, Status.OFFERED, Status.CLAIMED},
        Status.RESOLVED,
        verb=None,
        next_steps=(Step.ASK_REQUESTER, Step.REFRESH_CARDS),
    ),
    # Gemini answers again. The assignee keeps the ticket and gets no new message.
    Move.RETRIAGE: _new_transition(
        {Status.TRIAGED, Status.OFFERED}, None, verb=None, next_steps=(Step.REFRESH_CARDS,)
    ),
    # A moderator corrects or confirms the triage. The assignee keeps the ticket.
    Move.CORRECT: _new_transition(
        {Status.TRIAGED, Status.OFFERED, Status.CLAIMED, Status.RESOLVED},
        None,
        verb=Verb.CORRECT,
        next_steps=(Step.LEARN, Step.REFRESH_CARDS),
    ),
}


def is_visible_to(ticket: Ticket, member: Member) -> bool:
    """Whether the ticket exists for this person: they have a card or may use some verb on it."""
    has_card = any(card.to == member.slack_id for card in ticket.cards)
    return has_card or any(can(verb, member, ticket) for verb in Verb)


def transition(
    ticket: Ticket,
    move: Move,
    *,
    actor: Member | None,
    now: datetime,
    seen_version: int | None = None,
    event_reason: str = "",
    **changes: Any,
) -> Ticket:
    """The ticket after the move.

    Args:
        actor: the person who makes the move; None for Frontdesk itself.
        now: the database's time.
        seen_version: the version that the person saw; None when they saw no card.
        event_reason: the reason for the history.
        changes: fields of the ticket that the move sets.

    Raises:
        Conflict: the ticket's status does not allow the move, or its version is not `seen_version`.
        NotAllowed: see `models.tickets.permissions`.
    """
    rule = TRANSITIONS[move]
    actor_id = actor.slack_id if actor else ""
    if ticket.status not in rule.from_statuses:
        raise Conflict(conflict_text(ticket, viewer=actor_id))
    if not _is_allowed(rule.verb, actor, ticket):
        raise NotAllowed(forbidden_text(ticket))
    if seen_version is not None and seen_version != ticket.version:
        raise Conflict(conflict_text(ticket, viewer=actor_id))
    event = Event(at=now, what=move.value, who=actor_id, why=event_reason)
    effect = _field_changes(ticket, move, actor_id=actor_id) | changes
    return ticket.with_transition(
        event, status=rule.to_status or ticket.status, next_steps=rule.next_steps, **effect
    )


def _is_allowed(verb: Verb | None, actor: Member | None, ticket: Ticket) -> bool:
    if verb is None or actor is None:
        return verb is None and actor is None
    return can(verb, actor, ticket)


def _field_changes(ticket: Ticket, move: Move, *, actor_id: str) -> dict[str, Any]:
    match move:
        case Move.CLAIM if ticket.assignee != actor_id:
            return {"assignee": actor_id, "reason": "you claimed it"}
        case Move.DECLINE | Move.RELEASE:
            return {"assignee": None, "declined_by": (*ticket.declined_by, actor_id)}
        case Move.UNASSIGN:
            return {"assignee": None, "declined_by": (*ticket.declined_by, ticket.assignee)}
        case Move.RESOLVE | Move.SELF_RESOLVE:
            return {"resolver": actor_id}
        case Move.REOPEN:
            return {"assignee": None, "declined_by": (), "solution": ""}
        case _:
            return {}
