"""Matching: the chosen assignee, and the reason that they read."""

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


def make_ticket(*skills: str, **fields: object) -> Ticket:
    return ticket_in_status(Status.TRIAGED).model_copy(
        update={"triage": make_triage(*skills), **fields}
    )


def choose(ticket: Ticket, *candidates: tuple[Member, int]) -> AssigneeChoice | None:
    """The choice among members, each with the number of their open tickets."""
    return choose_assignee(
        ticket, [Candidate(member, count) for member, count in candidates], now=NOON
    )


def chosen_id(choice: AssigneeChoice | None) -> str | None:
    return choice.member.slack_id if choice else None


def test_best_match_wins_even_with_more_open_tickets() -> None:
    choice = choose(make_ticket("vpn", "okta"), (EVE, 0), (BOB, 2))

    assert choice == AssigneeChoice(member=BOB, reason="knows vpn, okta; 2 open tickets")


def test_fewest_open_tickets_win_among_equal_matches() -> None:
    choice = choose(make_ticket("vpn"), (BOB, 2), (EVE, 1))

    assert choice == AssigneeChoice(member=EVE, reason="knows vpn; 1 open ticket")


def test_requester_does_not_get_their_own_ticket() -> None:
    own_ticket = make_ticket("vpn", requester=BOB.slack_id)

    assert chosen_id(choose(own_ticket, (BOB, 0), (EVE, 9))) == "UEVE"


def test_members_who_are_away_inactive_or_users_are_skipped() -> None:
    absent = BOB.model_copy(update={"away_until": NOON + timedelta(hours=1)})
    inactive = EVE.model_copy(update={"active": False})
    user = make_member("UUSER", skills=("vpn",))

    assert (
        chosen_id(choose(make_ticket("vpn"), (absent, 0), (inactive, 0), (user, 0), (GRACE, 9)))
        == "UGRACE"
    )


def test_member_gets_tickets_again_after_their_absence() -> None:
    back = BOB.model_copy(update={"away_until": NOON})

    assert chosen_id(choose(make_ticket("vpn"), (back, 0), (GRACE, 0))) == "UBOB"


def test_admin_gets_a_ticket_without_match_and_reads_why() -> None:
    choice = choose(make_ticket("printer"), (BOB, 0), (GRACE, 0))

    assert choice == AssigneeChoice(
        member=GRACE,
        reason="you are an admin and nobody available knows printer; no open tickets",
    )


def test_ticket_without_skills_goes_to_an_admin() -> None:
    unskilled = make_member("UNONE", Role.MODERATOR, skills=())

    choice = choose(make_ticket(), (BOB, 0), (unskilled, 0), (GRACE, 3))

    assert chosen_id(choice) == "UGRACE"
    assert "names no known skill" in (choice.reason if choice else "")


def test_member_who_declined_is_skipped() -> None:
    assert (
        chosen_id(choose(make_ticket("vpn", declined_by=("UBOB",)), (BOB, 0), (EVE, 5))) == "UEVE"
    )


def test_admin_gets_a_ticket_that_everybody_declined() -> None:
    declined_by = ("UBOB", "UGRACE")

    choice = choose(make_ticket("vpn", declined_by=declined_by), (BOB, 0), (GRACE, 0))

    assert chosen_id(choice) == "UGRACE"
    assert "everybody else has declined" in (choice.reason if choice else "")


def test_reopened_ticket_goes_to_its_last_resolver() -> None:
    reopened = make_ticket("okta", resolver=EVE.slack_id)
    declined = reopened.model_copy(update={"declined_by": ("UEVE",)})

    assert chosen_id(choose(reopened, (BOB, 0), (EVE, 3))) == "UEVE"
    assert chosen_id(choose(declined, (BOB, 0), (EVE, 3))) == "UBOB"


def test_nobody_is_chosen_when_nobody_is_available() -> None:
    own_ticket = make_ticket("vpn", requester=GRACE.slack_id)

    assert choose(own_ticket) is None
    assert choose(own_ticket, (ADA, 0), (GRACE, 0)) is None


def test_moderator_without_match_is_better_than_nobody() -> None:
    choice = choose(
        make_ticket("printer", requester=GRACE.slack_id), (BOB, 3), (EVE, 1), (GRACE, 0)
    )

    assert chosen_id(choice) == "UEVE"
    assert "no admin is free" in (choice.reason if choice else "")


def test_confidential_ticket_goes_to_a_trusted_member_if_there_is_one() -> None:
    trusted = EVE.model_copy(update={"trusted": True})
    confidential = make_ticket("vpn", "okta", confidential=True)

    assert chosen_id(choose(confidential, (BOB, 0), (trusted, 5))) == "UEVE"
    assert chosen_id(choose(confidential, (BOB, 0), (EVE, 5))) == "UBOB"


def test_admin_gets_a_confidential_ticket_while_trusted_members_are_away() -> None:
    trusted = EVE.model_copy(update={"trusted": True, "away_until": NOON + timedelta(hours=1)})
    confidential = make_ticket("vpn", "okta", confidential=True)

    assert chosen_id(choose(confidential, (BOB, 0), (trusted, 0), (GRACE, 9))) == "UGRACE"
    assert choose(confidential, (BOB, 0), (trusted, 0)) is None
    own_ticket = make_ticket("vpn", confidential=True, requester=trusted.slack_id)
    assert chosen_id(choose(own_ticket, (BOB, 0), (trusted, 0))) == "UBOB"


def test_member_at_their_maximum_is_skipped_and_the_reason_says_so() -> None:
    at_capacity = BOB.model_copy(update={"capacity": 2})

    second_best = choose(make_ticket("vpn", "okta"), (at_capacity, 2), (EVE, 5))
    no_match = choose(make_ticket("okta"), (at_capacity, 2), (EVE, 0), (GRACE, 0))

    assert second_best == AssigneeChoice(
        member=EVE,
        reason="knows vpn; a better match is at their maximum of open tickets; 5 open tickets",
    )
    assert no_match == AssigneeChoice(
        member=GRACE,
        reason="you are an admin and everybody who knows okta is at their maximum of open tickets; "
        "no open tickets",
    )
    assert chosen_id(choose(make_ticket("vpn", "okta"), (at_capacity, 1), (EVE, 0))) == "UBOB"


def test_admin_gets_the_ticket_when_everybody_is_at_their_maximum() -> None:
    bob, grace = (member.model_copy(update={"capacity": 1}) for member in (BOB, GRACE))

    choice = choose(make_ticket("vpn"), (bob, 1), (grace, 1))

    assert chosen_id(choice) == "UGRACE"
    assert "everybody available is at their maximum" in (choice.reason if choice else "")
    assert choose(make_ticket("vpn"), (bob, 1)) is None


def test_skipped_candidates_are_listed_with_the_reason() -> None:
    absent = BOB.model_copy(update={"away_until": NOON + timedelta(hours=1)})
    at_capacity = EVE.model_copy(update={"capacity": 3})
    candidates = [Candidate(absent, 0), Candidate(at_capacity, 3), Candidate(GRACE, 0)]

    assert skipped_candidates(make_ticket("vpn"), candidates, now=NOON) == [
        (absent, "is out of office"),
        (at_capacity, "is at their maximum of open tickets (3)"),
    ]


def test_admin_reviews_an_uncertain_ticket_of_an_urgent_category() -> None:
    taxonomy = DEFAULT_TAXONOMY.with_category(
        "Network", Category(name="Network", floor=Priority.HIGH)
    )
    uncertain = make_ticket("vpn", triage=make_triage("vpn", confidence=0.54))
    bob, grace = Candidate(BOB, 0), Candidate(GRACE, 9)
    reason = reason_for_admin_review(uncertain, taxonomy)

    choice = choose_assignee(uncertain, [bob, grace], now=NOON, review_reason=reason)
    without_admin = choose_assignee(uncertain, [bob], now=NOON, review_reason=reason)
    declined = uncertain.model_copy(update={"declined_by": (GRACE.slack_id,)})
    after_decline = choose_assignee(declined, [bob, grace], now=NOON, review_reason=reason)

    assert choice == AssigneeChoice(
        member=GRACE,
        reason="you are an admin and triage is not sure that this is Network, "
        "which has the minimum priority high; 9 open tickets",
    )
    assert chosen_id(without_admin) == "UBOB"
    assert chosen_id(after_decline) == "UBOB"


def test_certain_judged_or_normal_tickets_need_no_review() -> None:
    high_minimum = DEFAULT_TAXONOMY.with_category(
        "Network", Category(name="Network", floor=Priority.HIGH)
    )
    normal_minimum = DEFAULT_TAXONOMY.with_category(
        "Network", Category(name="Network", floor=Priority.NORMAL)
    )
    uncertain = make_ticket("vpn", triage=make_triage("vpn", confidence=0.54))
    judged = apply_correction(Correction(), actor=BOB, seen_version=None)(uncertain, NOON)
    certain = make_ticket("vpn", triage=make_triage("vpn", confidence=0.55))

    assert reason_for_admin_review(uncertain, high_minimum)
    assert reason_for_admin_review(certain, high_minimum) == ""
    assert reason_for_admin_review(judged, high_minimum) == ""
    assert reason_for_admin_review(uncertain, normal_minimum) == ""
