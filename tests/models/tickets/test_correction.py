"""Corrections: what they change, what is kept of what the engine said, and what is learnt."""

from datetime import timedelta

import pytest

from models.errors import Conflict, InvalidInput, NoSuchTicket, NotAllowed
from models.tickets import workflow
from models.tickets.correction import Correction, apply_correction, to_training_example
from models.tickets.ticket import Status, Ticket
from models.tickets.workflow import Move
from models.triage.result import Category, Priority
from models.triage.skills import Skill
from models.triage.taxonomy import DEFAULT_TAXONOMY, Taxonomy
from tests.sample_tickets import (
    ADA,
    BOB,
    EVE,
    NOON,
    make_member,
    make_triage,
    new_ticket,
    ticket_in_status,
)

LATER = NOON + timedelta(hours=1)
TO_ACCESS = Correction(category="Access", priority=Priority.HIGH, skills=("okta",))


def corrected(ticket: Ticket, correction: Correction = TO_ACCESS, by: object = BOB) -> Ticket:
    """The ticket after a correction by somebody who saw it as it is."""
    change = apply_correction(correction, actor=by, seen_version=ticket.version)  # type: ignore[arg-type]
    return change(ticket, LATER)


def test_a_correction_says_what_changed_and_leaves_the_ticket_where_it_is() -> None:
    before = ticket_in_status(Status.CLAIMED)
    after = corrected(before)

    assert (after.status, after.assignee) == (Status.CLAIMED, "UBOB")
    assert after.triage == make_triage("okta", category="Access", priority=Priority.HIGH)
    event = after.history[-1]
    assert (event.what, event.who) == ("corrected", "UBOB")
    assert event.why == ("category: Network → Access; priority: normal → high; skills: vpn → okta")


def test_what_the_engine_said_first_is_kept_through_every_correction() -> None:
    engine = ticket_in_status(Status.CLAIMED).triage

    twice = corrected(
        corrected(ticket_in_status(Status.CLAIMED)), Correction(category="Software"), by=EVE
    )

    assert twice.original_triage == engine
    lesson = to_training_example(twice, DEFAULT_TAXONOMY)
    assert lesson
    assert (lesson.original_triage, lesson.category, lesson.by) == (engine, "Software", "UEVE")
    assert (lesson.priority, lesson.skills) == (Priority.HIGH, ("okta",))


def test_a_ticket_resolved_as_triage_had_it_confirms_it() -> None:
    resolved = ticket_in_status(Status.RESOLVED)

    lesson = to_training_example(resolved, DEFAULT_TAXONOMY)

    assert lesson
    assert (lesson.original_triage, lesson.category, lesson.by) == (
        resolved.triage,
        "Network",
        "UBOB",
    )
    assert (lesson.text, lesson.at) == (resolved.text, resolved.history[-1].at)


@pytest.mark.parametrize("status", [Status.NEW, Status.OFFERED, Status.CLAIMED])
def test_nothing_is_learnt_of_a_ticket_that_nobody_has_judged(status: Status) -> None:
    assert to_training_example(ticket_in_status(status), DEFAULT_TAXONOMY) is None


def test_saying_that_it_is_right_is_a_judgement_too() -> None:
    after = corrected(ticket_in_status(Status.OFFERED), Correction())

    assert (after.triage, after.original_triage) == (make_triage("vpn"), make_triage("vpn"))
    assert after.history[-1].why == "confirmed as it is"
    assert to_training_example(after, DEFAULT_TAXONOMY)


def test_no_ai_learns_from_what_is_confidential_or_of_a_private_category() -> None:
    private = DEFAULT_TAXONOMY.with_category(None, Category(name="Salaries", private=True))
    salaries = Correction(category="Salaries")
    cases = [
        ticket_in_status(Status.RESOLVED, confidential=True),
        corrected(ticket_in_status(Status.CLAIMED), salaries),
        corrected(
            corrected(ticket_in_status(Status.CLAIMED), salaries), Correction(category="Network")
        ),
        ticket_in_status(Status.RESOLVED),
    ]

    lessons = [to_training_example(ticket, private) for ticket in cases]

    assert [lesson and lesson.confidential for lesson in lessons] == [True, True, False, False]


def test_who_saw_an_older_ticket_corrects_nothing() -> None:
    seen = ticket_in_status(Status.OFFERED)
    moved = workflow.transition(seen, Move.CLAIM, actor=BOB, now=NOON)

    with pytest.raises(Conflict):
        apply_correction(TO_ACCESS, actor=BOB, seen_version=seen.version)(moved, LATER)


def test_who_has_nothing_to_do_with_it_corrects_nothing_and_learns_nothing() -> None:
    for by, refusal in ((ADA, NotAllowed), (make_member("UEVA"), NoSuchTicket)):
        with pytest.raises(refusal):
            corrected(ticket_in_status(Status.OFFERED), by=by)
    with pytest.raises(NoSuchTicket):
        corrected(ticket_in_status(Status.OFFERED, confidential=True), by=EVE)


def test_what_is_not_triaged_yet_can_not_be_corrected() -> None:
    with pytest.raises(Conflict, match="not triaged yet"):
        corrected(new_ticket())


def test_a_correction_speaks_the_desks_own_words() -> None:
    typed = Correction(category=" access ", skills=("Wi-Fi", "vpn"))

    assert typed.validate(DEFAULT_TAXONOMY, ticket_in_status(Status.OFFERED)) == Correction(
        category="Access", skills=("wifi", "vpn")
    )


def test_a_ticket_may_keep_what_the_desk_has_no_more_but_not_get_it() -> None:
    small = Taxonomy(categories=DEFAULT_TAXONOMY.categories[-1:], skills=(Skill(name="go"),))
    ticket = ticket_in_status(Status.OFFERED)

    kept = Correction(category="Network", skills=("vpn", "go"))
    assert kept.validate(small, ticket) == kept
    with pytest.raises(InvalidInput) as refused:
        Correction(category="Access", skills=("okta",)).validate(small, ticket)
    assert set(refused.value.fields) == {"category", "skills"}
