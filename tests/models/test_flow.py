"""The table of moves: what is legal, for whom, and what follows."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import flow
from models.errors import DeskError, NotAllowed, OutOfTurn
from models.flow import FLOW, Move
from models.member import Member, Role
from models.step import Step
from models.ticket import Status, Ticket
from tests.models.desk_words import (
    ADA,
    BOB,
    EVE,
    GRACE,
    NOON,
    member,
    new_ticket,
    ticket_at,
    triage,
)

PEOPLE: tuple[Member | None, ...] = (None, ADA, BOB, EVE, GRACE)
# status, move → who may make it. All else is refused; a new move or status without a row too.
LEGAL: dict[tuple[Status, Move], set[Member | None]] = {
    (Status.NEW, Move.OPEN): {ADA},
    (Status.NEW, Move.TRIAGE): {None},
    (Status.TRIAGED, Move.OFFER): {None},
    (Status.OFFERED, Move.CLAIM): {BOB, EVE, GRACE},
    (Status.OFFERED, Move.DECLINE): {BOB},
    (Status.OFFERED, Move.WITHDRAW): {None},
    (Status.CLAIMED, Move.RELEASE): {BOB},
    (Status.CLAIMED, Move.RESOLVE): {BOB},
    (Status.CLAIMED, Move.WITHDRAW): {None},
    (Status.RESOLVED, Move.REOPEN): {ADA, BOB},
    (Status.NEW, Move.SOLVE): {ADA},
    (Status.TRIAGED, Move.ANSWER): {None},
    (Status.OFFERED, Move.ANSWER): {None},
    (Status.CLAIMED, Move.ANSWER): {None},
    (Status.TRIAGED, Move.SOLVE): {ADA},
    (Status.OFFERED, Move.SOLVE): {ADA},
    (Status.CLAIMED, Move.SOLVE): {ADA},
    (Status.TRIAGED, Move.TRIAGE_AGAIN): {None},
    (Status.OFFERED, Move.TRIAGE_AGAIN): {None},
    (Status.TRIAGED, Move.CORRECT): {BOB, EVE, GRACE},
    (Status.OFFERED, Move.CORRECT): {BOB, EVE, GRACE},
    (Status.CLAIMED, Move.CORRECT): {BOB, EVE, GRACE},
    (Status.RESOLVED, Move.CORRECT): {BOB, EVE, GRACE},
}


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("move", Move)
@pytest.mark.parametrize("person", PEOPLE)
def test_a_move_is_legal_just_where_the_table_says(
    status: Status, move: Move, person: Member | None
) -> None:
    ticket = ticket_at(status)

    if person in LEGAL.get((status, move), set()):
        after = flow.make(ticket, move, by=person, now=NOON)
        assert after.status is (FLOW[move].ends or status)
        assert after.version == ticket.version + 1
    else:
        with pytest.raises((OutOfTurn, NotAllowed)):
            flow.make(ticket, move, by=person, now=NOON)


def test_every_status_can_be_left_and_reached() -> None:
    assert {status for rule in FLOW.values() for status in rule.starts} == set(Status)
    assert {rule.ends for rule in FLOW.values()} - {None} == set(Status)


def test_the_history_says_who_did_what_when_and_why() -> None:
    event = ticket_at(Status.CLAIMED).history[-1]

    assert (event.what, event.who, event.at) == ("claimed", "UBOB", NOON + timedelta(minutes=3))


def test_the_second_claim_is_told_who_was_first() -> None:
    offered = ticket_at(Status.OFFERED)
    claimed = flow.make(offered, Move.CLAIM, by=EVE, now=NOON, seen=offered.version)

    with pytest.raises(OutOfTurn, match="<@UEVE> has already claimed T-1"):
        flow.make(claimed, Move.CLAIM, by=BOB, now=NOON, seen=offered.version)


def test_a_card_from_before_the_last_move_changes_nothing() -> None:
    stale = ticket_at(Status.OFFERED)
    declined = flow.make(stale, Move.DECLINE, by=BOB, now=NOON)
    again = flow.make(declined, Move.OFFER, by=None, now=NOON, assignee=BOB.slack_id)

    with pytest.raises(OutOfTurn, match="has changed in the meantime"):
        flow.make(again, Move.CLAIM, by=BOB, now=NOON, seen=stale.version)


@pytest.mark.parametrize(
    "person",
    [
        member("UBOB", Role.USER),
        member("UBOB", Role.MODERATOR, active=False),
        member("UADA", Role.ADMIN),
    ],
    ids=["demoted", "deactivated", "the requester, though an admin"],
)
def test_who_may_not_handle_the_ticket_cannot_claim_it(person: Member) -> None:
    with pytest.raises(NotAllowed):
        flow.make(ticket_at(Status.OFFERED), Move.CLAIM, by=person, now=NOON)


def test_who_declines_is_not_forgotten_until_it_is_reopened() -> None:
    declined = flow.make(ticket_at(Status.OFFERED), Move.DECLINE, by=BOB, now=NOON)
    reopened = flow.make(ticket_at(Status.RESOLVED, tried=("UX",)), Move.REOPEN, by=ADA, now=NOON)

    assert declined.tried == ("UBOB",)
    assert declined.assignee is None
    assert reopened.tried == ()


def test_a_new_ticket_waits_for_its_triage_and_its_requesters_card() -> None:
    assert [entry.step for entry in new_ticket().pending] == [Step.TRIAGE, Step.DM_REQUESTER]


@given(st.lists(st.tuples(st.sampled_from(Move), st.sampled_from(PEOPLE)), max_size=40))
def test_any_order_of_moves_keeps_the_history_and_the_steps_true(
    tries: list[tuple[Move, Member | None]],
) -> None:
    ticket = new_ticket()
    for move, person in tries:
        try:
            ticket = flow.make(ticket, move, by=person, now=NOON, **_changes(move))
        except DeskError:
            continue
        check(ticket)


def _changes(move: Move) -> dict[str, Any]:
    match move:
        case Move.TRIAGE:
            return {"triage": triage()}
        case Move.OFFER:
            return {"assignee": BOB.slack_id}
        case _:
            return {}


def check(ticket: Ticket) -> None:
    """What must hold of every ticket, whatever happened to it."""
    ends = [FLOW[Move(event.what)].ends for event in ticket.history]
    assert [end for end in ends if end][-1] is ticket.status
    assert len(ticket.history) == ticket.version
    steps = [entry.step for entry in ticket.pending]
    assert len(steps) == len(set(steps))
    if ticket.status in {Status.OFFERED, Status.CLAIMED}:
        assert ticket.assignee not in {None, ticket.requester}
    if ticket.status is Status.TRIAGED:
        assert ticket.assignee is None
        assert Step.ASSIGN in steps
