"""The keyword engine triages by keywords, and its confidence reflects how many it found."""

import pytest

from models.engine import keyword_engine
from models.tickets.ticket import Ticket, Urgency
from models.triage.result import Engine, Priority, Triage
from models.triage.taxonomy import DEFAULT_TAXONOMY
from tests.sample_tickets import new_ticket


def triage_text(title: str, description: str = "", urgency: Urgency | None = None) -> Triage:
    """The triage of such a ticket with the default taxonomy."""
    ticket = new_ticket(title=title, description=description, urgency=urgency)
    return keyword_engine.triage(ticket, DEFAULT_TAXONOMY)


@pytest.mark.parametrize(
    ("title", "category", "skills"),
    [
        ("VPN is down", "Network", {"vpn"}),
        ("Outlook keeps asking for my password", "Access", {"outlook", "password"}),
        ("The printer on floor 2 has a paper jam", "Printing", {"printer"}),
        ("I think I clicked a phishing link", "Security", {"security"}),
        ("MongoDB is slow", "Data and development", {"database"}),
    ],
)
def test_keywords_select_category_and_skills(title: str, category: str, skills: set[str]) -> None:
    triage = triage_text(title)

    assert triage.category == category
    assert set(triage.skills) == skills
    assert triage.engine is Engine.BUILTIN


def test_ticket_without_keywords_is_other_with_confidence_0() -> None:
    triage = triage_text("Wo ist die Kaffeemaschine geblieben?")

    assert (triage.category, triage.confidence, triage.skills) == ("Other", 0.0, ())


def test_more_keywords_raise_the_confidence() -> None:
    many = triage_text("VPN and wifi: no internet connection")

    assert many.confidence > triage_text("VPN").confidence


@pytest.mark.parametrize(
    ("title", "urgency", "priority"),
    [
        ("A new mouse", None, Priority.NORMAL),
        ("A new mouse", Urgency.CAN_WAIT, Priority.LOW),
        ("A new mouse", Urgency.BLOCKED, Priority.HIGH),
        ("The mouse pad is on fire", Urgency.CAN_WAIT, Priority.URGENT),
        ("Urgently need a mouse", None, Priority.HIGH),
        ("Network outage", Urgency.SLOWED, Priority.URGENT),
    ],
)
def test_signals_and_the_requesters_urgency_set_the_priority(
    title: str, urgency: Urgency | None, priority: Priority
) -> None:
    assert triage_text(title, urgency=urgency).priority is priority


def test_hostile_text_gets_a_short_summary() -> None:
    ticket: Ticket = new_ticket(title="(a+)+$ " * 20, description="<!channel> `x` " * 200)

    triage = keyword_engine.triage(ticket, DEFAULT_TAXONOMY)

    assert len(triage.summary) <= 150


@pytest.mark.parametrize(
    ("title", "floor"),
    [
        ("The volume is high and the light is low", Priority.LOW),
        ("This is urgent", Priority.HIGH),
        ("Outage in Berlin", Priority.URGENT),
    ],
)
def test_only_signals_raise_the_minimum_priority(title: str, floor: Priority) -> None:
    assert keyword_engine.priority_floor(title) is floor
