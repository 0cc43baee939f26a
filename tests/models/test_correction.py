"""Corrections: what they change, what is kept of what the engine said, and what is learnt."""

from datetime import timedelta

import pytest

from models import flow
from models.configuration import DEFAULT, Configuration
from models.correction import Correction, correcting, lesson_of
from models.errors import InvalidDraft, NoSuchTicket, NotAllowed, OutOfTurn
from models.flow import Move
from models.skill import Skill
from models.ticket import Status, Ticket
from models.triage import Category, Priority
from tests.models.desk_words import ADA, BOB, EVE, NOON, member, new_ticket, ticket_at, triage

LATER = NOON + timedelta(hours=1)
TO_ACCESS = Correction(category="Access", priority=Priority.HIGH, skills=("okta",))


def corrected(ticket: Ticket, correction: Correction = TO_ACCESS, by: object = BOB) -> Ticket:
    """The ticket after a correction by somebody who saw it as it is."""
    change = correcting(correction, by=by, seen=ticket.version)  # type: ignore[arg-type]
    return change(ticket, LATER)


def test_a_correction_says_what_changed_and_leaves_the_ticket_where_it_is() -> None:
    before = ticket_at(Status.CLAIMED)
    after = corrected(before)

    assert (after.status, after.assignee) == (Status.CLAIMED, "UBOB")
    assert after.triage == triage("okta", category="Access", priority=Priority.HIGH)
    event = after.history[-1]
    assert (event.what, event.who) == ("corrected", "UBOB")
    assert event.why == ("category: Network → Access; priority: normal → high; skills: vpn → okta")


def test_what_the_engine_said_first_is_kept_through_every_correction() -> None:
    engine = ticket_at(Status.CLAIMED).triage

    twice = corrected(corrected(ticket_at(Status.CLAIMED)), Correction(category="Software"), by=EVE)

    assert twice.said == engine
    lesson = lesson_of(twice, DEFAULT)
    assert lesson
    assert (lesson.said, lesson.category, lesson.by) == (engine, "Software", "UEVE")
    assert (lesson.priority, lesson.skills) == (Priority.HIGH, ("okta",))


def test_a_ticket_resolved_as_triage_had_it_confirms_it() -> None:
    resolved = ticket_at(Status.RESOLVED)

    lesson = lesson_of(resolved, DEFAULT)

    assert lesson
    assert (lesson.said, lesson.category, lesson.by) == (resolved.triage, "Network", "UBOB")
    assert (lesson.text, lesson.at) == (resolved.text, resolved.history[-1].at)


@pytest.mark.parametrize("status", [Status.NEW, Status.OFFERED, Status.CLAIMED])
def test_nothing_is_learnt_of_a_ticket_that_nobody_has_judged(status: Status) -> None:
    assert lesson_of(ticket_at(status), DEFAULT) is None


def test_saying_that_it_is_right_is_a_judgement_too() -> None:
    after = corrected(ticket_at(Status.OFFERED), Correction())

    assert (after.triage, after.said) == (triage("vpn"), triage("vpn"))
    assert after.history[-1].why == "confirmed as it is"
    assert lesson_of(after, DEFAULT)


def test_no_ai_learns_from_what_is_confidential_or_of_a_private_category() -> None:
    private = DEFAULT.placing(None, Category(name="Salaries", private=True))
    salaries = Correction(category="Salaries")
    cases = [
        ticket_at(Status.RESOLVED, confidential=True),
        corrected(ticket_at(Status.CLAIMED), salaries),
        corrected(corrected(ticket_at(Status.CLAIMED), salaries), Correction(category="Network")),
        ticket_at(Status.RESOLVED),
    ]

    lessons = [lesson_of(ticket, private) for ticket in cases]

    assert [lesson and lesson.confidential for lesson in lessons] == [True, True, False, False]


def test_who_saw_an_older_ticket_corrects_nothing() -> None:
    seen = ticket_at(Status.OFFERED)
    moved = flow.make(seen, Move.CLAIM, by=BOB, now=NOON)

    with pytest.raises(OutOfTurn):
        correcting(TO_ACCESS, by=BOB, seen=seen.version)(moved, LATER)


def test_who_has_nothing_to_do_with_it_corrects_nothing_and_learns_nothing() -> None:
    for by, refusal in ((ADA, NotAllowed), (member("UEVA"), NoSuchTicket)):
        with pytest.raises(refusal):
            corrected(ticket_at(Status.OFFERED), by=by)
    with pytest.raises(NoSuchTicket):
        corrected(ticket_at(Status.OFFERED, confidential=True), by=EVE)


def test_what_is_not_triaged_yet_can_not_be_corrected() -> None:
    with pytest.raises(OutOfTurn, match="not triaged yet"):
        corrected(new_ticket())


def test_a_correction_speaks_the_desks_own_words() -> None:
    typed = Correction(category=" access ", skills=("Wi-Fi", "vpn"))

    assert typed.checked(DEFAULT, ticket_at(Status.OFFERED)) == Correction(
        category="Access", skills=("wifi", "vpn")
    )


def test_a_ticket_may_keep_what_the_desk_has_no_more_but_not_get_it() -> None:
    small = Configuration(categories=DEFAULT.categories[-1:], skills=(Skill(name="go"),))
    ticket = ticket_at(Status.OFFERED)

    kept = Correction(category="Network", skills=("vpn", "go"))
    assert kept.checked(small, ticket) == kept
    with pytest.raises(InvalidDraft) as refused:
        Correction(category="Access", skills=("okta",)).checked(small, ticket)
    assert set(refused.value.fields) == {"category", "skills"}
