"""The table of moves: which one leads where, and which steps follow.

This is the map of the desk. Who may make a move is said by `models.tickets.permissions`.
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
    """What can happen to a ticket."""

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
    """One row: from which statuses, to which, and what follows.

    Attributes:
        ends: None: it stays where it is.
        verb: what a person must be allowed to do for it; None: the desk alone makes it.
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
    # The assignee is no moderator any more: the ticket goes on without them.
    Move.UNASSIGN: _new_transition(
        {Status.OFFERED, Status.CLAIMED},
        Status.TRIAGED,
        verb=None,
        next_steps=(Step.ASSIGN, Step.REFRESH_CARDS),
    ),
    # Who asked needs nobody any more.
    Move.SELF_RESOLVE: _new_transition(
        {Status.NEW, Status.TRIAGED, Status.OFFERED, Status.CLAIMED},
        Status.RESOLVED,
        verb=Verb.SELF_RESOLVE,
        next_steps=(Step.ASK_REQUESTER, Step.REFRESH_CARDS),
    ),
    # It is one of several about the same, of which another one was resolved with an answer to all.
    Move.RESOLVE_WITH_INCIDENT: _new_transition(
        {Status.TRIAGED, Status.OFFERED, Status.CLAIMED},
        Status.RESOLVED,
        verb=None,
        next_steps=(Step.ASK_REQUESTER, Step.REFRESH_CARDS),
    ),
    # Gemini is back; who has the ticket keeps it, and is told by no new message.
    Move.RETRIAGE: _new_transition(
        {Status.TRIAGED, Status.OFFERED}, None, verb=None, next_steps=(Step.REFRESH_CARDS,)
    ),
    # What triage said is put right, or confirmed; nobody else gets the ticket for it.
    Move.CORRECT: _new_transition(
        {Status.TRIAGED, Status.OFFERED, Status.CLAIMED, Status.RESOLVED},
        None,
        verb=Verb.CORRECT,
        next_steps=(Step.LEARN, Step.REFRESH_CARDS),
    ),
}


def is_visible_to(ticket: Ticket, member: Member) -> bool:
    """Whether a person has, or had, to do with a ticket; for others there is none."""
    told = any(card.to == member.slack_id for card in ticket.cards)
    return told or any(can(verb, member, ticket) for verb in Verb)


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
        by: who makes it; None for the desk itself.
        now: the database's time.
        seen: the version of the ticket the person was looking at, if they were.
        why: what the history should say of the reason.
        changes: fields of the ticket that the move sets.

    Raises:
        OutOfTurn: the ticket is no longer where the move starts, or not as the person saw it.
        NotAllowed: see `models.tickets.permissions`.
    """
    rule = TRANSITIONS[move]
    viewer = actor.slack_id if actor else ""
    if ticket.status not in rule.from_statuses:
        raise Conflict(conflict_text(ticket, viewer=viewer))
    if not _is_allowed(rule.verb, actor, ticket):
        raise NotAllowed(forbidden_text(ticket))
    if seen_version is not None and seen_version != ticket.version:
        raise Conflict(conflict_text(ticket, viewer=viewer))
    event = Event(at=now, what=move.value, who=viewer, why=event_reason)
    effect = _field_changes(ticket, move, actor_id=viewer) | changes
    return ticket.with_transition(
        event, status=rule.to_status or ticket.status, next_steps=rule.next_steps, **effect
    )


def _is_allowed(verb: Verb | None, actor: Member | None, ticket: Ticket) -> bool:
    if verb is None or actor is None:
        return verb is None and actor is None
    return can(verb, actor, ticket)


def _field_changes(ticket: Ticket, move: Move, *, actor_id: str) -> dict[str, Any]:
    """What the move itself changes, besides the status."""
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
