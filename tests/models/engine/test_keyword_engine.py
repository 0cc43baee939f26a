"""The built-in engine: simple, and honest about how sure it is."""

import pytest

from models.engine import keyword_engine
from models.tickets.ticket import Ticket, Urgency
from models.triage.result import Engine, Priority, Triage
from models.triage.taxonomy import DEFAULT_TAXONOMY
from tests.sample_tickets import new_ticket


def triaged(title: str, description: str = "", urgency: Urgency | None = None) -> Triage:
    """What the engine says of such a ticket, with the desk's first configuration."""
    ticket = new_ticket(title=title, description=description, urgency=urgency)
    return keyword_engine.triage(ticket, DEFAULT_TAXONOMY, why_builtin="no Gemini key is set")


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
def test_words_point_to_category_and_skills(title: str, category: str, skills: set[str]) -> None:
    said = triaged(title)

    assert said.category == category
    assert set(said.skills) == skills
    assert said.engine is Engine.BUILTIN
    assert said.why_builtin == "no Gemini key is set"


def test_a_ticket_without_a_known_word_is_other_and_it_says_that_it_is_not_sure() -> None:
    said = triaged("Wo ist die Kaffeemaschine geblieben?")

    assert (said.category, said.confidence, said.skills) == ("Other", 0.0, ())


def test_more_words_make_it_surer() -> None:
    assert triaged("VPN and wifi: no internet connection").confidence > triaged("VPN").confidence


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
def test_plain_signals_and_the_requester_set_the_priority(
    title: str, urgency: Urgency | None, priority: Priority
) -> None:
    assert triaged(title, urgency=urgency).priority is priority


def test_hostile_text_is_text() -> None:
    ticket: Ticket = new_ticket(title="(a+)+$ " * 20, description="<!channel> `x` " * 200)

    said = keyword_engine.triage(ticket, DEFAULT_TAXONOMY, why_builtin="")

    assert len(said.summary) <= 150


@pytest.mark.parametrize(
    ("title", "floor"),
    [
        ("The volume is high and the light is low", Priority.LOW),
        ("This is urgent", Priority.HIGH),
        ("Outage in Berlin", Priority.URGENT),
    ],
)
def test_signals_set_a_floor_and_what_a_floor_is_called_is_no_signal(
    title: str, floor: Priority
) -> None:
    assert keyword_engine.priority_floor(new_ticket(title=title)) is floor
