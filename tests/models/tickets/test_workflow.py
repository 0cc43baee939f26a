"""The table of moves: what is legal, for whom, and what follows."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import Conflict, NotAllowed, UserFacingError
from models.people.member import Member, Role
from models.tickets import workflow
from models.tickets.pending_step import Step
from models.tickets.ticket import Status, Ticket
from models.tickets.workflow import TRANSITIONS, Move
from tests.sample_tickets import (
    ADA,
    BOB,
    EVE,
    GRACE,
    NOON,
    make_member,
    make_triage,
    new_ticket,
    ticket_in_status,
)

PEOPLE: tuple[Member | None, ...] = (None, ADA, BOB, EVE, GRACE)
# status, move → who may make it. All else is refused; a new move or status without a row too.
LEGAL: dict[tuple[Status, Move], set[Member | None]] = {
    (Status.NEW, Move.OPEN): {ADA},
    (Status.NEW, Move.TRIAGE): {None},
    (Status.TRIAGED, Move.OFFER): {None},
    (Status.OFFERED, Move.CLAIM): {BOB, EVE, GRACE},
    (Status.OFFERED, Move.DECLINE): {BOB},
    (Status.OFFERED, Move.UNASSIGN): {None},
    (Status.CLAIMED, Move.RELEASE): {BOB},
    (Status.CLAIMED, Move.RESOLVE): {BOB},
    (Status.CLAIMED, Move.UNASSIGN): {None},
    (Status.RESOLVED, Move.REOPEN): {ADA, BOB},
    (Status.NEW, Move.SELF_RESOLVE): {ADA},
    (Status.TRIAGED, Move.RESOLVE_WITH_INCIDENT): {None},
    (Status.OFFERED, Move.RESOLVE_WITH_INCIDENT): {None},
    (Status.CLAIMED, Move.RESOLVE_WITH_INCIDENT): {None},
    (Status.TRIAGED, Move.SELF_RESOLVE): {ADA},
    (Status.OFFERED, Move.SELF_RESOLVE): {ADA},
    (Status.CLAIMED, Move.SELF_RESOLVE): {ADA},
    (Status.TRIAGED, Move.RETRIAGE): {None},
    (Status.OFFERED, Move.RETRIAGE): {None},
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
    ticket = ticket_in_status(status)

    if person in LEGAL.get((status, move), set()):
        after = workflow.transition(ticket, move, actor=person, now=NOON)
        assert after.status is (TRANSITIONS[move].to_status or status)
        assert after.version == ticket.version + 1
    else:
        with pytest.raises((Conflict, NotAllowed)):
            workflow.transition(ticket, move, actor=person, now=NOON)


def test_every_status_can_be_left_and_reached() -> None:
    assert {status for rule in TRANSITIONS.values() for status in rule.from_statuses} == set(Status)
    assert {rule.to_status for rule in TRANSITIONS.values()} - {None} == set(Status)


def test_the_history_says_who_did_what_when_and_why() -> None:
    event = ticket_in_status(Status.CLAIMED).history[-1]

    assert (event.what, event.who, event.at) == ("claimed", "UBOB", NOON + timedelta(minutes=3))


def test_the_second_claim_is_told_who_was_first() -> None:
    offered = ticket_in_status(Status.OFFERED)
    claimed = workflow.transition(
        offered, Move.CLAIM, actor=EVE, now=NOON, seen_version=offered.version
    )

    with pytest.raises(Conflict, match="<@UEVE> has already claimed T-1"):
        workflow.transition(claimed, Move.CLAIM, actor=BOB, now=NOON, seen_version=offered.version)


def test_a_card_from_before_the_last_move_changes_nothing() -> None:
    stale = ticket_in_status(Status.OFFERED)
    declined = workflow.transition(stale, Move.DECLINE, actor=BOB, now=NOON)
    again = workflow.transition(declined, Move.OFFER, actor=None, now=NOON, assignee=BOB.slack_id)

    with pytest.raises(Conflict, match="has changed in the meantime"):
        workflow.transition(again, Move.CLAIM, actor=BOB, now=NOON, seen_version=stale.version)


@pytest.mark.parametrize(
    "person",
    [
        make_member("UBOB", Role.USER),
        make_member("UBOB", Role.MODERATOR, active=False),
        make_member("UADA", Role.ADMIN),
    ],
    ids=["demoted", "deactivated", "the requester, though an admin"],
)
def test_who_may_not_handle_the_ticket_cannot_claim_it(person: Member) -> None:
    with pytest.raises(NotAllowed):
        workflow.transition(ticket_in_status(Status.OFFERED), Move.CLAIM, actor=person, now=NOON)


def test_who_declines_is_not_forgotten_until_it_is_reopened() -> None:
    declined = workflow.transition(
        ticket_in_status(Status.OFFERED), Move.DECLINE, actor=BOB, now=NOON
    )
    reopened = workflow.transition(
        ticket_in_status(Status.RESOLVED, declined_by=("UX",)), Move.REOPEN, actor=ADA, now=NOON
    )

    assert declined.declined_by == ("UBOB",)
    assert declined.assignee is None
    assert reopened.declined_by == ()


def test_a_new_ticket_waits_for_its_triage_and_its_requesters_card() -> None:
    assert [entry.step for entry in new_ticket().pending] == [Step.TRIAGE, Step.DM_REQUESTER]


@given(st.lists(st.tuples(st.sampled_from(Move), st.sampled_from(PEOPLE)), max_size=40))
def test_any_order_of_moves_keeps_the_history_and_the_steps_true(
    tries: list[tuple[Move, Member | None]],
) -> None:
    ticket = new_ticket()
    for move, person in tries:
        try:
            ticket = workflow.transition(ticket, move, actor=person, now=NOON, **_changes(move))
        except UserFacingError:
            continue
        check(ticket)


def _changes(move: Move) -> dict[str, Any]:
    match move:
        case Move.TRIAGE:
            return {"triage": make_triage()}
        case Move.OFFER:
            return {"assignee": BOB.slack_id}
        case _:
            return {}


def check(ticket: Ticket) -> None:
    """What must hold of every ticket, whatever happened to it."""
    ends = [TRANSITIONS[Move(event.what)].to_status for event in ticket.history]
    assert [end for end in ends if end][-1] is ticket.status
    assert len(ticket.history) == ticket.version
    steps = [entry.step for entry in ticket.pending]
    assert len(steps) == len(set(steps))
    if ticket.status in {Status.OFFERED, Status.CLAIMED}:
        assert ticket.assignee not in {None, ticket.requester}
    if ticket.status is Status.TRIAGED:
        assert ticket.assignee is None
        assert Step.ASSIGN in steps
