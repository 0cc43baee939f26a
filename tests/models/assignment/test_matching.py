"""Who gets a ticket, and the reason they read."""

from datetime import timedelta

from models.assignment.matching import (
    AssigneeChoice,
    Candidate,
    choose_assignee,
    reason_for_admin_review,
    skipped_candidates,
)
from models.people.member import Member, Role
from models.tickets.correction import Correction, apply_correction
from models.tickets.ticket import Status, Ticket
from models.triage.result import Category, Priority
from models.triage.taxonomy import DEFAULT_TAXONOMY
from tests.sample_tickets import (
    ADA,
    BOB,
    EVE,
    GRACE,
    NOON,
    make_member,
    make_triage,
    ticket_in_status,
)


def ticket(*skills: str, **fields: object) -> Ticket:
    """A triaged ticket that needs these skills."""
    return ticket_in_status(Status.TRIAGED).model_copy(
        update={"triage": make_triage(*skills), **fields}
    )


def chosen(ticket: Ticket, *people: tuple[Member, int]) -> AssigneeChoice | None:
    """The choice among people, each with the number of tickets they have open."""
    return choose_assignee(ticket, [Candidate(*person) for person in people], now=NOON)


def name_of(choice: AssigneeChoice | None) -> str | None:
    """Who was chosen."""
    return choice.member.slack_id if choice else None


def test_the_best_match_wins_though_they_have_more_to_do() -> None:
    choice = chosen(ticket("vpn", "okta"), (EVE, 0), (BOB, 2))

    assert choice == AssigneeChoice(member=BOB, reason="knows vpn, okta; 2 open tickets")


def test_among_equals_the_one_with_fewest_open_tickets_wins() -> None:
    choice = chosen(ticket("vpn"), (BOB, 2), (EVE, 1))

    assert choice == AssigneeChoice(member=EVE, reason="knows vpn; 1 open ticket")


def test_nobody_gets_their_own_ticket() -> None:
    asking = ticket("vpn", requester=BOB.slack_id)

    assert name_of(chosen(asking, (BOB, 0), (EVE, 9))) == "UEVE"


def test_who_is_away_or_inactive_or_no_moderator_is_passed_over() -> None:
    away = BOB.model_copy(update={"away_until": NOON + timedelta(hours=1)})
    left = EVE.model_copy(update={"active": False})
    user = make_member("UUSER", skills=("vpn",))

    assert name_of(chosen(ticket("vpn"), (away, 0), (left, 0), (user, 0), (GRACE, 9))) == "UGRACE"


def test_who_is_back_gets_tickets_again() -> None:
    back = BOB.model_copy(update={"away_until": NOON})

    assert name_of(chosen(ticket("vpn"), (back, 0), (GRACE, 0))) == "UBOB"


def test_an_admin_gets_what_nobody_knows_and_reads_why() -> None:
    choice = chosen(ticket("printer"), (BOB, 0), (GRACE, 0))

    assert choice == AssigneeChoice(
        member=GRACE,
        reason="you are an admin and nobody available knows printer; no open tickets",
    )


def test_an_empty_list_of_skills_matches_nobody() -> None:
    nobody = make_member("UNONE", Role.MODERATOR, skills=())

    choice = chosen(ticket(), (BOB, 0), (nobody, 0), (GRACE, 3))

    assert name_of(choice) == "UGRACE"
    assert "names no skill" in (choice.reason if choice else "")


def test_who_has_declined_is_not_asked_again() -> None:
    assert name_of(chosen(ticket("vpn", declined_by=("UBOB",)), (BOB, 0), (EVE, 5))) == "UEVE"


def test_when_everybody_has_declined_an_admin_gets_it() -> None:
    tried = ("UBOB", "UGRACE")

    choice = chosen(ticket("vpn", declined_by=tried), (BOB, 0), (GRACE, 0))

    assert name_of(choice) == "UGRACE"
    assert "everybody else has declined" in (choice.reason if choice else "")


def test_a_reopened_ticket_goes_to_who_had_it() -> None:
    again = ticket("okta", resolver=EVE.slack_id)

    assert name_of(chosen(again, (BOB, 0), (EVE, 3))) == "UEVE"
    assert name_of(
        chosen(again.model_copy(update={"declined_by": ("UEVE",)}), (BOB, 0), (EVE, 3))
    ) == ("UBOB")


def test_there_may_be_nobody_at_all() -> None:
    own = ticket("vpn", requester=GRACE.slack_id)

    assert chosen(own) is None
    assert chosen(own, (ADA, 0), (GRACE, 0)) is None


def test_better_somebody_who_may_not_know_than_nobody() -> None:
    choice = chosen(ticket("printer", requester=GRACE.slack_id), (BOB, 3), (EVE, 1), (GRACE, 0))

    assert name_of(choice) == "UEVE"
    assert "no admin is free" in (choice.reason if choice else "")


def test_a_confidential_ticket_goes_to_the_trusted_if_there_are_any() -> None:
    trusted = EVE.model_copy(update={"trusted": True})
    confidential = ticket("vpn", "okta", confidential=True)

    assert name_of(chosen(confidential, (BOB, 0), (trusted, 5))) == "UEVE"
    assert name_of(chosen(confidential, (BOB, 0), (EVE, 5))) == "UBOB"


def test_while_the_trusted_are_not_here_a_confidential_ticket_is_for_admins_alone() -> None:
    trusted = EVE.model_copy(update={"trusted": True, "away_until": NOON + timedelta(hours=1)})
    confidential = ticket("vpn", "okta", confidential=True)

    assert name_of(chosen(confidential, (BOB, 0), (trusted, 0), (GRACE, 9))) == "UGRACE"
    assert chosen(confidential, (BOB, 0), (trusted, 0)) is None
    asked = ticket("vpn", confidential=True, requester=trusted.slack_id)
    assert name_of(chosen(asked, (BOB, 0), (trusted, 0))) == "UBOB"


def test_who_has_as_many_tickets_as_they_take_is_passed_over_and_the_reason_says_so() -> None:
    full = BOB.model_copy(update={"capacity": 2})

    less = chosen(ticket("vpn", "okta"), (full, 2), (EVE, 5))
    nobody = chosen(ticket("okta"), (full, 2), (EVE, 0), (GRACE, 0))

    assert less == AssigneeChoice(
        member=EVE,
        reason="knows vpn, who knows more has as many open tickets as they take; 5 open tickets",
    )
    assert nobody == AssigneeChoice(
        member=GRACE,
        reason="you are an admin and who knows okta has as many open tickets as they take; "
        "no open tickets",
    )
    assert name_of(chosen(ticket("vpn", "okta"), (full, 1), (EVE, 0))) == "UBOB"


def test_when_nobody_has_room_an_admin_gets_it_or_it_waits() -> None:
    bob, grace = (who.model_copy(update={"capacity": 1}) for who in (BOB, GRACE))

    choice = chosen(ticket("vpn"), (bob, 1), (grace, 1))

    assert name_of(choice) == "UGRACE"
    assert "everybody who could take it has as many" in (choice.reason if choice else "")
    assert chosen(ticket("vpn"), (bob, 1)) is None


def test_those_who_know_and_do_not_get_it_are_named_with_the_reason() -> None:
    away = BOB.model_copy(update={"away_until": NOON + timedelta(hours=1)})
    full = EVE.model_copy(update={"capacity": 3})
    people = [Candidate(away, 0), Candidate(full, 3), Candidate(GRACE, 0)]

    assert skipped_candidates(ticket("vpn"), people, now=NOON) == [
        (away, "is away"),
        (full, "has as many open tickets as they take (3)"),
    ]


def test_an_admin_looks_first_at_what_may_be_urgent_and_is_not_sure() -> None:
    stakes = DEFAULT_TAXONOMY.with_category(
        "Network", Category(name="Network", floor=Priority.HIGH)
    )
    unsure = ticket("vpn", triage=make_triage("vpn", confidence=0.54))
    people = [Candidate(BOB, 0), Candidate(GRACE, 9)]
    why = reason_for_admin_review(unsure, stakes)

    asked = choose_assignee(unsure, people, now=NOON, review_reason=why)

    assert asked == AssigneeChoice(
        member=GRACE,
        reason="you are an admin and it is not sure that this is Network, "
        "which is never less than high; 9 open tickets",
    )
    assert name_of(choose_assignee(unsure, people[:1], now=NOON, review_reason=why)) == "UBOB"
    declined = unsure.model_copy(update={"declined_by": (GRACE.slack_id,)})
    assert name_of(choose_assignee(declined, people, now=NOON, review_reason=why)) == "UBOB"


def test_there_is_no_doubt_once_it_is_sure_or_judged_or_of_no_consequence() -> None:
    stakes = DEFAULT_TAXONOMY.with_category(
        "Network", Category(name="Network", floor=Priority.HIGH)
    )
    usual = DEFAULT_TAXONOMY.with_category(
        "Network", Category(name="Network", floor=Priority.NORMAL)
    )
    unsure = ticket("vpn", triage=make_triage("vpn", confidence=0.54))
    judged = apply_correction(Correction(), actor=BOB, seen_version=None)(unsure, NOON)
    sure = ticket("vpn", triage=make_triage("vpn", confidence=0.55))

    assert reason_for_admin_review(unsure, stakes)
    assert [
        reason_for_admin_review(*one) for one in ((sure, stakes), (judged, stakes), (unsure, usual))
    ] == [
        "",
        "",
        "",
    ]
