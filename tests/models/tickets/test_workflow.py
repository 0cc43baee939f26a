"""The workflow: legal moves, who may make them, and the steps that follow."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import Conflict, NoSuchTicket, NotAllowed, UserFacingError
from models.people.member import Member, Role
from models.tickets import workflow
from models.tickets.actions import ACTIONS, MOVE_BY_EVENT, Verb
from models.tickets.pending_step import Step
from models.tickets.ticket import Status, Ticket
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
# status, move → who may make it. Everything else is refused, also new moves and statuses.
LEGAL: dict[tuple[Status, Verb], set[Member | None]] = {
    (Status.NEW, Verb.OPEN): {ADA},
    (Status.NEW, Verb.TRIAGE): {None},
    (Status.TRIAGED, Verb.OFFER): {None},
    (Status.OFFERED, Verb.CLAIM): {BOB, EVE, GRACE},
    (Status.OFFERED, Verb.DECLINE): {BOB},
    (Status.OFFERED, Verb.UNASSIGN): {None},
    (Status.CLAIMED, Verb.RELEASE): {BOB},
    (Status.CLAIMED, Verb.RESOLVE): {BOB},
    (Status.CLAIMED, Verb.UNASSIGN): {None},
    (Status.RESOLVED, Verb.REOPEN): {ADA, BOB},
    (Status.NEW, Verb.SELF_RESOLVE): {ADA},
    (Status.TRIAGED, Verb.RESOLVE_WITH_INCIDENT): {None},
    (Status.OFFERED, Verb.RESOLVE_WITH_INCIDENT): {None},
    (Status.CLAIMED, Verb.RESOLVE_WITH_INCIDENT): {None},
    (Status.TRIAGED, Verb.SELF_RESOLVE): {ADA},
    (Status.OFFERED, Verb.SELF_RESOLVE): {ADA},
    (Status.CLAIMED, Verb.SELF_RESOLVE): {ADA},
    (Status.TRIAGED, Verb.RETRIAGE): {None},
    (Status.OFFERED, Verb.RETRIAGE): {None},
    (Status.TRIAGED, Verb.CORRECT): {BOB, EVE, GRACE},
    (Status.OFFERED, Verb.CORRECT): {BOB, EVE, GRACE},
    (Status.CLAIMED, Verb.CORRECT): {BOB, EVE, GRACE},
    (Status.RESOLVED, Verb.CORRECT): {BOB, EVE, GRACE},
}


@pytest.mark.parametrize("status", Status)
@pytest.mark.parametrize("move", MOVE_BY_EVENT.values())
@pytest.mark.parametrize("person", PEOPLE)
def test_move_is_legal_only_where_the_table_allows_it(
    status: Status, move: Verb, person: Member | None
) -> None:
    ticket = ticket_in_status(status)

    if person in LEGAL.get((status, move), set()):
        after = workflow.transition(ticket, move, actor=person, now=NOON)
        assert after.status is (ACTIONS[move].to_status or status)
        assert after.state_version == ticket.state_version + 1
    else:
        with pytest.raises((Conflict, NotAllowed)):
            workflow.transition(ticket, move, actor=person, now=NOON)


def test_every_status_can_be_reached_and_left() -> None:
    assert {status for rule in ACTIONS.values() for status in rule.from_statuses} == set(Status)
    assert {rule.to_status for rule in ACTIONS.values()} - {None} == set(Status)


def test_history_has_move_actor_and_time() -> None:
    event = ticket_in_status(Status.CLAIMED).history[-1]

    assert (event.what, event.who, event.at) == ("claimed", "UBOB", NOON + timedelta(minutes=3))


def test_second_claim_is_refused_by_name() -> None:
    offered = ticket_in_status(Status.OFFERED)
    claimed = workflow.transition(
        offered, Verb.CLAIM, actor=EVE, now=NOON, seen_version=offered.state_version
    )

    with pytest.raises(Conflict, match="<@UEVE> has already claimed T-1"):
        workflow.transition(
            claimed, Verb.CLAIM, actor=BOB, now=NOON, seen_version=offered.state_version
        )


@pytest.mark.parametrize("status", [Status.OFFERED, Status.CLAIMED])
def test_refused_move_of_a_step_names_nobody_in_the_log(status: Status) -> None:
    with pytest.raises(Conflict) as refused:
        workflow.transition(ticket_in_status(status), Verb.TRIAGE, actor=None, now=NOON)

    assert "T-1" in str(refused.value)
    assert BOB.slack_id not in str(refused.value)


def test_button_of_an_outdated_card_is_refused() -> None:
    stale = ticket_in_status(Status.OFFERED)
    declined = workflow.transition(stale, Verb.DECLINE, actor=BOB, now=NOON)
    offered_again = workflow.transition(
        declined, Verb.OFFER, actor=None, now=NOON, assignee=BOB.slack_id
    )

    with pytest.raises(Conflict, match="has changed in the meantime"):
        workflow.transition(
            offered_again, Verb.CLAIM, actor=BOB, now=NOON, seen_version=stale.state_version
        )


@pytest.mark.parametrize(
    "person",
    [
        make_member("UBOB", Role.USER),
        make_member("UBOB", Role.MODERATOR, active=False),
        make_member("UADA", Role.ADMIN),
    ],
    ids=["demoted", "deactivated", "admin who is the requester"],
)
def test_claim_without_permission_is_refused(person: Member) -> None:
    with pytest.raises((NotAllowed, NoSuchTicket)):
        workflow.transition(ticket_in_status(Status.OFFERED), Verb.CLAIM, actor=person, now=NOON)


def test_declined_by_is_kept_until_the_ticket_is_reopened() -> None:
    declined = workflow.transition(
        ticket_in_status(Status.OFFERED), Verb.DECLINE, actor=BOB, now=NOON
    )
    reopened = workflow.transition(
        ticket_in_status(Status.RESOLVED, declined_by=("UX",)), Verb.REOPEN, actor=ADA, now=NOON
    )

    assert declined.declined_by == ("UBOB",)
    assert declined.assignee is None
    assert reopened.declined_by == ()


def test_new_ticket_has_triage_and_requester_card_pending() -> None:
    assert [entry.step for entry in new_ticket().pending] == [Step.TRIAGE, Step.DM_REQUESTER]


@given(
    st.lists(
        st.tuples(st.sampled_from(list(MOVE_BY_EVENT.values())), st.sampled_from(PEOPLE)),
        max_size=40,
    )
)
def test_any_order_of_moves_keeps_the_ticket_consistent(
    attempts: list[tuple[Verb, Member | None]],
) -> None:
    ticket = new_ticket()
    for move, person in attempts:
        try:
            ticket = workflow.transition(ticket, move, actor=person, now=NOON, **_changes(move))
        except UserFacingError:
            continue
        check_consistency(ticket)


def _changes(move: Verb) -> dict[str, Any]:
    match move:
        case Verb.TRIAGE:
            return {"triage": make_triage()}
        case Verb.OFFER:
            return {"assignee": BOB.slack_id}
        case _:
            return {}


def check_consistency(ticket: Ticket) -> None:
    statuses = [ACTIONS[MOVE_BY_EVENT[event.what]].to_status for event in ticket.history]
    assert [status for status in statuses if status][-1] is ticket.status
    assert len(ticket.history) == ticket.state_version
    steps = [entry.step for entry in ticket.pending]
    assert len(steps) == len(set(steps))
    if ticket.status in {Status.OFFERED, Status.CLAIMED}:
        assert ticket.assignee not in {None, ticket.requester}
    if ticket.status is Status.TRIAGED:
        assert ticket.assignee is None
        assert Step.ASSIGN in steps
