"""Pending steps of a ticket (leased, completed, rescheduled, dead, replayed), and its cards."""

from datetime import timedelta

import pytest

from models.errors import Conflict
from models.tickets import workflow
from models.tickets.actions import Verb
from models.tickets.pending_step import LEASE_DURATION, Step
from models.tickets.ticket import Card, CardKind, Status, Ticket
from tests.sample_tickets import BOB, NOON, new_ticket, ticket_in_status

LATER = NOON + timedelta(hours=1)


def lease(ticket: Ticket, step: Step, *, minutes: float = 60) -> Ticket:
    return ticket.with_step_leased(step, now=NOON + timedelta(minutes=minutes))


def lease_and_fail(ticket: Ticket, step: Step) -> Ticket:
    ticket = lease(ticket, step)
    entry = ticket.find_step(step)
    assert entry is not None
    return ticket.with_step_dead(entry, now=NOON, error="Refused: no", failed_attempts=1)


def test_leased_step_is_not_leased_again_until_the_lease_ends() -> None:
    ticket = lease(new_ticket(), Step.TRIAGE, minutes=0)

    with pytest.raises(Conflict):
        ticket.with_step_leased(Step.TRIAGE, now=NOON + LEASE_DURATION - timedelta(seconds=1))
    leased_twice = ticket.with_step_leased(Step.TRIAGE, now=NOON + LEASE_DURATION)
    entry = leased_twice.find_step(Step.TRIAGE)
    assert entry is not None
    assert entry.tries == 2


def test_step_is_not_leased_before_it_is_due() -> None:
    with pytest.raises(Conflict):
        new_ticket().with_step_leased(Step.TRIAGE, now=NOON - timedelta(seconds=1))


def test_worker_without_the_lease_cannot_complete_or_reschedule() -> None:
    first = lease(new_ticket(), Step.TRIAGE)
    entry = first.find_step(Step.TRIAGE)
    second = first.model_copy(update={"rev": first.rev + 1}).with_step_leased(
        Step.TRIAGE, now=NOON + timedelta(minutes=61)
    )

    assert entry is not None
    with pytest.raises(Conflict):
        second.with_step_completed(entry, now=NOON)
    with pytest.raises(Conflict):
        second.with_step_rescheduled(
            entry, now=NOON, due=NOON, error="", failed_attempts=1, run_count=1
        )
    with pytest.raises(Conflict):
        second.with_step_dead(entry, now=NOON, error="", failed_attempts=1)


def test_old_lease_is_not_valid_for_a_new_request_of_the_step() -> None:
    ticket = lease(ticket_in_status(Status.OFFERED), Step.REFRESH_CARDS)
    old_entry = ticket.find_step(Step.REFRESH_CARDS)
    assert old_entry is not None
    completed = ticket.with_step_completed(old_entry, now=NOON).model_copy(update={"rev": 7})
    claimed = workflow.transition(completed, Verb.CLAIM, actor=BOB, now=NOON)
    leased_again = lease(claimed, Step.REFRESH_CARDS)

    with pytest.raises(Conflict):
        leased_again.with_step_completed(old_entry, now=NOON)


def test_completed_step_is_not_pending() -> None:
    ticket = lease(new_ticket(), Step.TRIAGE)
    entry = ticket.find_step(Step.TRIAGE)
    assert entry is not None

    completed = ticket.with_step_completed(entry, now=NOON)

    assert completed.find_step(Step.TRIAGE) is None
    assert completed.find_step(Step.DM_REQUESTER) is not None


def test_step_requested_again_while_it_runs_stays_due() -> None:
    ticket = lease(ticket_in_status(Status.OFFERED), Step.REFRESH_CARDS)
    entry = ticket.find_step(Step.REFRESH_CARDS)
    assert entry is not None
    later = NOON + timedelta(minutes=60, seconds=1)
    ticket = ticket.model_copy(update={"rev": ticket.rev + 1})
    claimed = workflow.transition(ticket, Verb.CLAIM, actor=BOB, now=later)

    with pytest.raises(Conflict):  # The first worker still runs the step.
        claimed.with_step_leased(Step.REFRESH_CARDS, now=later)
    completed = claimed.with_step_completed(entry, now=later)

    assert completed.with_step_leased(Step.REFRESH_CARDS, now=later)


def test_old_failure_does_not_count_for_a_new_request_of_the_step() -> None:
    """Bob's e-mail fails while an e-mail to Eve is requested."""
    ticket = lease(ticket_in_status(Status.OFFERED), Step.EMAIL_ASSIGNEE)
    old_entry = ticket.find_step(Step.EMAIL_ASSIGNEE)
    assert old_entry is not None
    requested_again = ticket.model_copy(update={"rev": ticket.rev + 1}).with_step(
        Step.EMAIL_ASSIGNEE, due=NOON
    )

    for after in (
        requested_again.with_step_dead(
            old_entry, now=NOON, error="Refused: 550", failed_attempts=1
        ),
        requested_again.with_step_rescheduled(
            old_entry, now=NOON, due=LATER, error="x", failed_attempts=9, run_count=1
        ),
    ):
        entry = after.find_step(Step.EMAIL_ASSIGNEE)
        assert entry is not None
        assert (entry.due, entry.attempts, entry.error) == (NOON, 0, "")


def test_rescheduled_step_is_due_now_when_it_is_requested_again() -> None:
    """The message to Eve does not wait for the retry delay of the message to Bob."""
    ticket = lease(ticket_in_status(Status.OFFERED), Step.DM_ASSIGNEE)
    leased_entry = ticket.find_step(Step.DM_ASSIGNEE)
    assert leased_entry is not None
    rescheduled = ticket.with_step_rescheduled(
        leased_entry, now=NOON, due=LATER, error="x", failed_attempts=9, run_count=1
    )

    entry = rescheduled.with_step(Step.DM_ASSIGNEE, due=NOON).find_step(Step.DM_ASSIGNEE)

    assert entry is not None
    assert (entry.due, entry.attempts, entry.error) == (NOON, 0, "")


def test_outdated_card_added_during_a_refresh_is_refreshed_afterwards() -> None:
    """A slow message with an old version arrives while the cards are refreshed."""
    claimed = workflow.transition(ticket_in_status(Status.OFFERED), Verb.CLAIM, actor=BOB, now=NOON)
    ticket = lease(claimed.model_copy(update={"rev": 20}), Step.REFRESH_CARDS)
    entry = ticket.find_step(Step.REFRESH_CARDS)
    assert entry is not None
    outdated_card = Card(
        notice="T-1.offer.1", kind=CardKind.MODERATOR, to="UBOB", channel="D", ts="1.0", version=1
    )
    after = ticket.model_copy(update={"rev": 21}).with_card(outdated_card, now=NOON)

    assert after.with_step_completed(entry, now=NOON).find_step(Step.REFRESH_CARDS)


def test_dead_step_is_not_due_until_it_is_requested_again() -> None:
    ticket = lease(ticket_in_status(Status.OFFERED), Step.REFRESH_CARDS)
    leased_entry = ticket.find_step(Step.REFRESH_CARDS)
    assert leased_entry is not None
    dead = ticket.with_step_dead(leased_entry, now=NOON, error="Refused: no", failed_attempts=3)
    entry = dead.find_step(Step.REFRESH_CARDS)

    assert entry is not None
    assert (entry.due, entry.dead_since, dead.dead_since()) == (None, NOON, NOON)
    with pytest.raises(Conflict):
        dead.with_step_leased(Step.REFRESH_CARDS, now=NOON + timedelta(days=1))
    claimed = workflow.transition(dead, Verb.CLAIM, actor=BOB, now=NOON)
    assert claimed.with_step_leased(Step.REFRESH_CARDS, now=NOON)
    assert claimed.dead_since() is None


def test_dead_step_alerts_admins_but_a_dead_alert_does_not() -> None:
    dead = lease_and_fail(ticket_in_status(Status.OFFERED), Step.EMAIL_ASSIGNEE)
    alert = dead.find_step(Step.ALERT_ADMINS)
    assert alert is not None
    assert alert.due == NOON

    dead_alert = lease_and_fail(dead, Step.ALERT_ADMINS)

    assert {entry.step for entry in dead_alert.pending if entry.due is None} == {
        Step.EMAIL_ASSIGNEE,
        Step.ALERT_ADMINS,
    }


def test_replayed_step_has_no_failed_attempts() -> None:
    dead = lease_and_fail(ticket_in_status(Status.OFFERED), Step.EMAIL_ASSIGNEE)
    later = NOON + timedelta(days=1)

    replayed = dead.with_step_replayed(Step.EMAIL_ASSIGNEE, now=later)
    entry = replayed.find_step(Step.EMAIL_ASSIGNEE)

    assert entry is not None
    assert (entry.due, entry.attempts, entry.error, entry.dead_since) == (later, 0, "", None)
    with pytest.raises(Conflict):
        replayed.with_step_replayed(Step.EMAIL_ASSIGNEE, now=later)


def test_ticket_is_due_with_its_first_due_step() -> None:
    ticket = new_ticket()

    assert ticket.due_at() == NOON
    # `DM_REQUESTER` is still due.
    assert lease(ticket, Step.TRIAGE).due_at() == NOON
    assert ticket.model_copy(update={"pending": ()}).due_at() is None


def test_card_with_an_older_version_is_refreshed() -> None:
    ticket = ticket_in_status(Status.CLAIMED).model_copy(update={"pending": ()})
    card = Card(
        notice="T-1.offer.1",
        kind=CardKind.MODERATOR,
        to="UBOB",
        channel="D1",
        ts="1.0",
        version=ticket.state_version,
    )
    outdated = card.model_copy(update={"version": ticket.state_version - 1})

    assert ticket.with_card(card, now=NOON).pending == ()
    assert ticket.with_card(outdated, now=NOON).find_step(Step.REFRESH_CARDS) is not None
    assert len(ticket.with_card(outdated, now=NOON).with_card(card, now=NOON).cards) == 1
