"""The table of moves: which one leads where, and which steps follow.

This is the map of the desk. Who may make a move is said by `models.permissions`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from models.errors import NotAllowed, OutOfTurn
from models.member import Member
from models.permissions import Verb, may
from models.step import Step
from models.ticket import Event, Status, Ticket
from models.wording import not_for_you, out_of_turn


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
    WITHDRAW = "withdrawn"
    SOLVE = "solved"
    ANSWER = "answered"
    CORRECT = "corrected"
    TRIAGE_AGAIN = "triaged again"


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: from which statuses, to which, and what follows.

    Attributes:
        ends: None: it stays where it is.
        verb: what a person must be allowed to do for it; None: the desk alone makes it.
    """

    starts: frozenset[Status]
    ends: Status | None
    verb: Verb | None
    then: tuple[Step, ...]


def _rule(
    starts: set[Status], ends: Status | None, *, verb: Verb | None, then: tuple[Step, ...]
) -> Rule:
    return Rule(starts=frozenset(starts), ends=ends, verb=verb, then=then)


FLOW: Mapping[Move, Rule] = {
    Move.OPEN: _rule(
        {Status.NEW}, Status.NEW, verb=Verb.OPEN, then=(Step.TRIAGE, Step.DM_REQUESTER)
    ),
    Move.TRIAGE: _rule(
        {Status.NEW}, Status.TRIAGED, verb=None, then=(Step.ASSIGN, Step.REFRESH_CARDS)
    ),
    Move.OFFER: _rule(
        {Status.TRIAGED},
        Status.OFFERED,
        verb=None,
        then=(Step.DM_ASSIGNEE, Step.EMAIL_ASSIGNEE, Step.REFRESH_CARDS),
    ),
    Move.CLAIM: _rule(
        {Status.OFFERED},
        Status.CLAIMED,
        verb=Verb.CLAIM,
        then=(Step.REFRESH_CARDS,),
    ),
    Move.DECLINE: _rule(
        {Status.OFFERED},
        Status.TRIAGED,
        verb=Verb.DECLINE,
        then=(Step.ASSIGN, Step.REFRESH_CARDS),
    ),
    Move.RELEASE: _rule(
        {Status.CLAIMED},
        Status.TRIAGED,
        verb=Verb.RELEASE,
        then=(Step.ASSIGN, Step.REFRESH_CARDS),
    ),
    Move.RESOLVE: _rule(
        {Status.CLAIMED},
        Status.RESOLVED,
        verb=Verb.RESOLVE,
        then=(Step.ASK_REQUESTER, Step.REFRESH_CARDS, Step.LEARN),
    ),
    Move.REOPEN: _rule(
        {Status.RESOLVED},
        Status.TRIAGED,
        verb=Verb.REOPEN,
        then=(Step.ASSIGN, Step.REFRESH_CARDS),
    ),
    # The assignee is no moderator any more: the ticket goes on without them.
    Move.WITHDRAW: _rule(
        {Status.OFFERED, Status.CLAIMED},
        Status.TRIAGED,
        verb=None,
        then=(Step.ASSIGN, Step.REFRESH_CARDS),
    ),
    # Who asked needs nobody any more.
    Move.SOLVE: _rule(
        {Status.NEW, Status.TRIAGED, Status.OFFERED, Status.CLAIMED},
        Status.RESOLVED,
        verb=Verb.SOLVE,
        then=(Step.ASK_REQUESTER, Step.REFRESH_CARDS),
    ),
    # It is one of several about the same, of which another one was resolved with an answer to all.
    Move.ANSWER: _rule(
        {Status.TRIAGED, Status.OFFERED, Status.CLAIMED},
        Status.RESOLVED,
        verb=None,
        then=(Step.ASK_REQUESTER, Step.REFRESH_CARDS),
    ),
    # Gemini is back; who has the ticket keeps it, and is told by no new message.
    Move.TRIAGE_AGAIN: _rule(
        {Status.TRIAGED, Status.OFFERED}, None, verb=None, then=(Step.REFRESH_CARDS,)
    ),
    # What triage said is put right, or confirmed; nobody else gets the ticket for it.
    Move.CORRECT: _rule(
        {Status.TRIAGED, Status.OFFERED, Status.CLAIMED, Status.RESOLVED},
        None,
        verb=Verb.CORRECT,
        then=(Step.LEARN, Step.REFRESH_CARDS),
    ),
}


def concerns(ticket: Ticket, member: Member) -> bool:
    """Whether a person has, or had, to do with a ticket; for others there is none."""
    told = any(card.to == member.slack_id for card in ticket.cards)
    return told or any(may(verb, member, ticket) for verb in Verb)


def make(
    ticket: Ticket,
    move: Move,
    *,
    by: Member | None,
    now: datetime,
    seen: int | None = None,
    why: str = "",
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
        NotAllowed: see `models.permissions`.
    """
    rule = FLOW[move]
    viewer = by.slack_id if by else ""
    if ticket.status not in rule.starts:
        raise OutOfTurn(out_of_turn(ticket, viewer=viewer))
    if not _allowed(rule.verb, by, ticket):
        raise NotAllowed(not_for_you(ticket))
    if seen is not None and seen != ticket.version:
        raise OutOfTurn(out_of_turn(ticket, viewer=viewer))
    event = Event(at=now, what=move.value, who=viewer, why=why)
    effect = _effect(ticket, move, viewer=viewer) | changes
    return ticket.moved(event, to=rule.ends or ticket.status, then=rule.then, **effect)


def _allowed(verb: Verb | None, by: Member | None, ticket: Ticket) -> bool:
    if verb is None or by is None:
        return verb is None and by is None
    return may(verb, by, ticket)


def _effect(ticket: Ticket, move: Move, *, viewer: str) -> dict[str, Any]:
    """What the move itself changes, besides the status."""
    match move:
        case Move.CLAIM if ticket.assignee != viewer:
            return {"assignee": viewer, "reason": "you claimed it"}
        case Move.DECLINE | Move.RELEASE:
            return {"assignee": None, "tried": (*ticket.tried, viewer)}
        case Move.WITHDRAW:
            return {"assignee": None, "tried": (*ticket.tried, ticket.assignee)}
        case Move.RESOLVE | Move.SOLVE:
            return {"resolver": viewer}
        case Move.REOPEN:
            return {"assignee": None, "tried": (), "solution": ""}
        case _:
            return {}
