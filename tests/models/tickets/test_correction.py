"""Corrections: the changed triage, the kept original triage, and the training example."""

from datetime import timedelta

import pytest

from models.errors import Conflict, InvalidInput, NoSuchTicket, NotAllowed
from models.people.member import Member
from models.tickets import workflow
from models.tickets.actions import Verb
from models.tickets.correction import Correction, apply_correction, to_training_example
from models.tickets.ticket import Status, Ticket
from models.triage.result import Category, Priority
from models.triage.skills import Skill
from models.triage.taxonomy import DEFAULT_TAXONOMY, Taxonomy
from models.triage.training_example import TrainingExample
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


def example_of(ticket: Ticket, taxonomy: Taxonomy) -> TrainingExample | None:
    """The training example, given the events in the ticket."""
    events = {event.what: event for event in ticket.history}
    return to_training_example(
        ticket, taxonomy, correction=events.get("corrected"), resolution=events.get("resolved")
    )


def correct(ticket: Ticket, correction: Correction = TO_ACCESS, *, actor: Member = BOB) -> Ticket:
    return apply_correction(correction, actor=actor, seen_version=ticket.state_version)(
        ticket, LATER
    )


def test_correction_is_in_the_history_and_keeps_status_and_assignee() -> None:
    after = correct(ticket_in_status(Status.CLAIMED))

    assert (after.status, after.assignee) == (Status.CLAIMED, "UBOB")
    assert after.triage == make_triage("okta", category="Access", priority=Priority.HIGH)
    event = after.history[-1]
    assert (event.what, event.who) == ("corrected", "UBOB")
    assert event.why == ("category: Network → Access; priority: normal → high; skills: vpn → okta")


def test_original_triage_survives_every_correction() -> None:
    original = ticket_in_status(Status.CLAIMED).triage

    corrected_twice = correct(
        correct(ticket_in_status(Status.CLAIMED)), Correction(category="Software"), actor=EVE
    )

    assert corrected_twice.original_triage == original
    example = example_of(corrected_twice, DEFAULT_TAXONOMY)
    assert example
    assert (example.original_triage, example.category, example.by) == (original, "Software", "UEVE")
    assert (example.priority, example.skills) == (Priority.HIGH, ("okta",))


def test_resolving_without_correction_confirms_the_triage() -> None:
    resolved = ticket_in_status(Status.RESOLVED)

    example = example_of(resolved, DEFAULT_TAXONOMY)

    assert example
    assert (example.original_triage, example.category, example.by) == (
        resolved.triage,
        "Network",
        "UBOB",
    )
    assert (example.text, example.at) == (resolved.text, resolved.history[-1].at)


@pytest.mark.parametrize("status", [Status.NEW, Status.OFFERED, Status.CLAIMED])
def test_unjudged_ticket_gives_no_training_example(status: Status) -> None:
    assert example_of(ticket_in_status(status), DEFAULT_TAXONOMY) is None


def test_empty_correction_confirms_the_triage() -> None:
    after = correct(ticket_in_status(Status.OFFERED), Correction())

    assert (after.triage, after.original_triage) == (make_triage("vpn"), make_triage("vpn"))
    assert after.history[-1].why == "confirmed without changes"
    assert example_of(after, DEFAULT_TAXONOMY)


def test_example_of_a_private_category_is_confidential() -> None:
    private = DEFAULT_TAXONOMY.with_category(None, Category(name="Salaries", private=True))
    salaries = Correction(category="Salaries")
    cases = [
        ticket_in_status(Status.RESOLVED, confidential=True),
        correct(ticket_in_status(Status.CLAIMED), salaries),
        correct(
            correct(ticket_in_status(Status.CLAIMED), salaries), Correction(category="Network")
        ),
        ticket_in_status(Status.RESOLVED),
    ]

    examples = [example_of(ticket, private) for ticket in cases]

    assert [example and example.confidential for example in examples] == [True, True, False, False]


def test_correction_of_an_older_version_is_refused() -> None:
    seen = ticket_in_status(Status.OFFERED)
    claimed = workflow.transition(seen, Verb.CLAIM, actor=BOB, now=NOON)

    with pytest.raises(Conflict):
        apply_correction(TO_ACCESS, actor=BOB, seen_version=seen.state_version)(claimed, LATER)


def test_correction_by_outsiders_is_refused_without_showing_the_ticket() -> None:
    for actor, error in ((ADA, NotAllowed), (make_member("UEVA"), NoSuchTicket)):
        with pytest.raises(error):
            correct(ticket_in_status(Status.OFFERED), actor=actor)
    with pytest.raises(NoSuchTicket):
        correct(ticket_in_status(Status.OFFERED, confidential=True), actor=EVE)


def test_untriaged_ticket_cannot_be_corrected() -> None:
    with pytest.raises(Conflict, match="not triaged yet"):
        correct(new_ticket())


def test_validation_uses_the_current_names() -> None:
    typed = Correction(category=" access ", skills=("Wi-Fi", "vpn"))

    assert typed.validate(DEFAULT_TAXONOMY, ticket_in_status(Status.OFFERED)) == Correction(
        category="Access", skills=("wifi", "vpn")
    )


def test_removed_category_and_skill_may_stay_but_not_be_added() -> None:
    small = Taxonomy(categories=DEFAULT_TAXONOMY.categories[-1:], skills=(Skill(name="go"),))
    ticket = ticket_in_status(Status.OFFERED)

    kept = Correction(category="Network", skills=("vpn", "go"))
    assert kept.validate(small, ticket) == kept
    with pytest.raises(InvalidInput) as error:
        Correction(category="Access", skills=("okta",)).validate(small, ticket)
    assert set(error.value.fields) == {"category", "skills"}
