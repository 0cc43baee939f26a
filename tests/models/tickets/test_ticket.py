"""Pending steps: leased, done, put off, asked for again; and the cards a ticket remembers."""

from datetime import timedelta

import pytest

from models.errors import Conflict
from models.tickets import workflow
from models.tickets.pending_step import LEASE_DURATION, Step
from models.tickets.ticket import Card, CardKind, Status, Ticket
from models.tickets.workflow import Move
from tests.sample_tickets import BOB, NOON, new_ticket, ticket_in_status


def leased(ticket: Ticket, step: Step, *, minutes: float = 60) -> Ticket:
    """The ticket with the step leased, some time after noon."""
    return ticket.with_step_leased(step, now=NOON + timedelta(minutes=minutes))


def test_a_leased_step_is_nobody_elses_until_the_lease_ends() -> None:
    ticket = leased(new_ticket(), Step.TRIAGE, minutes=0)

    with pytest.raises(Conflict):
        ticket.with_step_leased(Step.TRIAGE, now=NOON + LEASE_DURATION - timedelta(seconds=1))
    again = ticket.with_step_leased(Step.TRIAGE, now=NOON + LEASE_DURATION)
    entry = again.find_step(Step.TRIAGE)
    assert entry is not None
    assert entry.tries == 2


def test_a_step_is_not_due_before_its_time() -> None:
    with pytest.raises(Conflict):
        new_ticket().with_step_leased(Step.TRIAGE, now=NOON - timedelta(seconds=1))


def test_who_lost_the_lease_can_neither_finish_nor_put_off() -> None:
    first = leased(new_ticket(), Step.TRIAGE)
    held = first.find_step(Step.TRIAGE)
    second = first.model_copy(update={"rev": first.rev + 1}).with_step_leased(
        Step.TRIAGE, now=NOON + timedelta(minutes=61)
    )

    assert held is not None
    with pytest.raises(Conflict):
        second.with_step_completed(held, now=NOON)
    with pytest.raises(Conflict):
        second.with_step_rescheduled(
            held, now=NOON, due=NOON, error="", failed_attempts=1, run_count=1
        )
    with pytest.raises(Conflict):
        second.with_step_dead(held, now=NOON, error="", failed_attempts=1)


def test_a_step_asked_for_anew_does_not_honour_a_lease_of_its_former_life() -> None:
    ticket = leased(ticket_in_status(Status.OFFERED), Step.REFRESH_CARDS)
    old = ticket.find_step(Step.REFRESH_CARDS)
    assert old is not None
    done = ticket.with_step_completed(old, now=NOON).model_copy(update={"rev": 7})
    again = leased(workflow.transition(done, Move.CLAIM, actor=BOB, now=NOON), Step.REFRESH_CARDS)

    with pytest.raises(Conflict):
        again.with_step_completed(old, now=NOON)


def test_a_step_that_is_done_is_pending_no_more() -> None:
    ticket = leased(new_ticket(), Step.TRIAGE)
    held = ticket.find_step(Step.TRIAGE)
    assert held is not None

    done = ticket.with_step_completed(held, now=NOON)

    assert done.find_step(Step.TRIAGE) is None
    assert done.find_step(Step.DM_REQUESTER) is not None


def test_a_step_asked_for_again_while_it_runs_stays_due() -> None:
    ticket = leased(ticket_in_status(Status.OFFERED), Step.REFRESH_CARDS)
    held = ticket.find_step(Step.REFRESH_CARDS)
    assert held is not None
    later = NOON + timedelta(minutes=60, seconds=1)
    ticket = ticket.model_copy(update={"rev": ticket.rev + 1})
    claimed = workflow.transition(ticket, Move.CLAIM, actor=BOB, now=later)

    with pytest.raises(Conflict):  # not while its first holder is still drawing
        claimed.with_step_leased(Step.REFRESH_CARDS, now=later)
    ended = claimed.with_step_completed(held, now=later)

    assert ended.with_step_leased(Step.REFRESH_CARDS, now=later)


def test_a_failure_of_before_is_none_of_a_step_that_was_asked_for_again() -> None:
    """Bob's letter is refused while Eve's is asked for."""
    ticket = leased(ticket_in_status(Status.OFFERED), Step.EMAIL_ASSIGNEE)
    held = ticket.find_step(Step.EMAIL_ASSIGNEE)
    assert held is not None
    meanwhile = ticket.model_copy(update={"rev": ticket.rev + 1}).with_step(
        Step.EMAIL_ASSIGNEE, due=NOON
    )

    for after in (
        meanwhile.with_step_dead(held, now=NOON, error="Refused: 550", failed_attempts=1),
        meanwhile.with_step_rescheduled(
            held, now=NOON, due=LATER, error="x", failed_attempts=9, run_count=1
        ),
    ):
        entry = after.find_step(Step.EMAIL_ASSIGNEE)
        assert entry is not None
        assert (entry.due, entry.attempts, entry.error) == (NOON, 0, "")


def test_what_waits_to_be_tried_again_is_due_at_once_when_it_is_asked_for_again() -> None:
    """Eve need not wait for what kept Bob waiting."""
    ticket = leased(ticket_in_status(Status.OFFERED), Step.DM_ASSIGNEE)
    held = ticket.find_step(Step.DM_ASSIGNEE)
    assert held is not None
    waits = ticket.with_step_rescheduled(
        held, now=NOON, due=LATER, error="x", failed_attempts=9, run_count=1
    )

    entry = waits.with_step(Step.DM_ASSIGNEE, due=NOON).find_step(Step.DM_ASSIGNEE)

    assert entry is not None
    assert (entry.due, entry.attempts, entry.error) == (NOON, 0, "")


def test_cards_that_come_while_others_are_drawn_are_drawn_afterwards() -> None:
    """A slow message arrives during a refresh of the very version it is too old for."""
    claimed = workflow.transition(ticket_in_status(Status.OFFERED), Move.CLAIM, actor=BOB, now=NOON)
    ticket = leased(claimed.model_copy(update={"rev": 20}), Step.REFRESH_CARDS)
    held = ticket.find_step(Step.REFRESH_CARDS)
    assert held is not None
    late = Card(
        notice="T-1.offer.1", kind=CardKind.MODERATOR, to="UBOB", channel="D", ts="1.0", version=1
    )
    arrived = ticket.model_copy(update={"rev": 21}).with_card(late, now=NOON)

    assert arrived.with_step_completed(held, now=NOON).find_step(Step.REFRESH_CARDS)


def test_a_dead_step_is_not_due_but_lives_again_when_it_is_asked_for() -> None:
    ticket = leased(ticket_in_status(Status.OFFERED), Step.REFRESH_CARDS)
    held = ticket.find_step(Step.REFRESH_CARDS)
    assert held is not None
    dead = ticket.with_step_dead(held, now=NOON, error="Refused: no", failed_attempts=3)
    entry = dead.find_step(Step.REFRESH_CARDS)

    assert entry is not None
    assert (entry.due, entry.dead_since, dead.dead_since()) == (None, NOON, NOON)
    with pytest.raises(Conflict):
        dead.with_step_leased(Step.REFRESH_CARDS, now=NOON + timedelta(days=1))
    claimed = workflow.transition(dead, Move.CLAIM, actor=BOB, now=NOON)
    assert claimed.with_step_leased(Step.REFRESH_CARDS, now=NOON)
    assert claimed.dead_since() is None


def test_admins_are_to_be_told_of_a_dead_step_but_not_that_they_could_not_be() -> None:
    dead = given_up(ticket_in_status(Status.OFFERED), Step.EMAIL_ASSIGNEE)
    tell = dead.find_step(Step.ALERT_ADMINS)
    assert tell is not None
    assert tell.due == NOON

    mute = given_up(dead, Step.ALERT_ADMINS)

    assert {e.step for e in mute.pending if e.due is None} == {
        Step.EMAIL_ASSIGNEE,
        Step.ALERT_ADMINS,
    }


def test_a_dead_step_is_replayed_as_if_it_had_never_failed() -> None:
    dead = given_up(ticket_in_status(Status.OFFERED), Step.EMAIL_ASSIGNEE)
    later = NOON + timedelta(days=1)

    replayed = dead.with_step_replayed(Step.EMAIL_ASSIGNEE, now=later)
    entry = replayed.find_step(Step.EMAIL_ASSIGNEE)

    assert entry is not None
    assert (entry.due, entry.attempts, entry.error, entry.dead_since) == (later, 0, "", None)
    with pytest.raises(Conflict):
        replayed.with_step_replayed(Step.EMAIL_ASSIGNEE, now=later)


LATER = NOON + timedelta(hours=1)


def given_up(ticket: Ticket, step: Step) -> Ticket:
    """The ticket after somebody has leased this step and failed for good."""
    ticket = leased(ticket, step)
    held = ticket.find_step(step)
    assert held is not None
    return ticket.with_step_dead(held, now=NOON, error="Refused: no", failed_attempts=1)


def test_the_ticket_is_due_when_its_first_step_is() -> None:
    ticket = new_ticket()

    assert ticket.due_at() == NOON
    assert leased(ticket, Step.TRIAGE).due_at() == NOON  # the requester's card still waits
    assert ticket.model_copy(update={"pending": ()}).due_at() is None


def test_a_card_overtaken_while_it_was_sent_is_drawn_again() -> None:
    ticket = ticket_in_status(Status.CLAIMED).model_copy(update={"pending": ()})
    card = Card(
        notice="T-1.offer.1",
        kind=CardKind.MODERATOR,
        to="UBOB",
        channel="D1",
        ts="1.0",
        version=ticket.version,
    )
    late = card.model_copy(update={"version": ticket.version - 1})

    assert ticket.with_card(card, now=NOON).pending == ()
    assert ticket.with_card(late, now=NOON).find_step(Step.REFRESH_CARDS) is not None
    assert len(ticket.with_card(late, now=NOON).with_card(card, now=NOON).cards) == 1
