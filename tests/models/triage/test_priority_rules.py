"""The rules of the desk for the least priority, and what they are told from."""

import pytest

from models.engine import keyword_engine
from models.tickets.ticket import Urgency
from models.triage.priority_rules import parse_rules, priority_by_groups, priority_by_words
from models.triage.result import Priority
from models.triage.taxonomy import DEFAULT_TAXONOMY
from tests.sample_tickets import make_triage, new_ticket

RULES = parse_rules("production is down=urgent, payroll=high")


@pytest.mark.parametrize(
    ("text", "least"),
    [
        ("Help: Production is DOWN!", Priority.URGENT),
        ("payroll, and production is down", Priority.URGENT),
        ("the Payroll run", Priority.HIGH),
        ("our production line is going down", Priority.LOW),
        ("payrolls", Priority.LOW),
    ],
)
def test_words_ask_for_a_least_priority_where_they_stand_in_a_row(
    text: str, least: Priority
) -> None:
    assert priority_by_words(text, RULES) is least


def test_who_asks_may_ask_for_one_as_well() -> None:
    known = parse_rules("S1=high,S2=urgent")

    assert priority_by_groups({"S1", "S9"}, known) is Priority.HIGH
    assert priority_by_groups({"S1", "S2"}, known) is Priority.URGENT
    assert priority_by_groups(set(), known) is Priority.LOW


@pytest.mark.parametrize("line", ["payroll", "payroll=soon", "=high"])
def test_a_rule_that_is_none_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="words=priority"):
        parse_rules(line)


@pytest.mark.parametrize("urgency", [None, *Urgency])
def test_a_requester_s_own_urgency_lowers_no_floor(urgency: Urgency | None) -> None:
    ticket = new_ticket(title="We have an outage", urgency=urgency)
    low = make_triage("vpn", priority=Priority.LOW)

    assert (
        keyword_engine.with_priority_floor(low, ticket, DEFAULT_TAXONOMY).priority
        is Priority.URGENT
    )
    least = keyword_engine.with_priority_floor(
        low, new_ticket(urgency=urgency), DEFAULT_TAXONOMY, floor=Priority.HIGH
    )
    assert least.priority is Priority.HIGH


def test_a_requester_s_own_urgency_is_worth_one_level_and_no_more() -> None:
    all_blocked = new_ticket(title="A new mouse", urgency=Urgency.MANY_BLOCKED)

    assert keyword_engine.apply_urgency_hint(Priority.LOW, all_blocked) is Priority.NORMAL
    assert keyword_engine.apply_urgency_hint(Priority.HIGH, all_blocked) is Priority.URGENT
    assert (
        keyword_engine.triage(all_blocked, DEFAULT_TAXONOMY, why_builtin="").priority
        is Priority.HIGH
    )
    can_wait = new_ticket(title="A new mouse", urgency=Urgency.CAN_WAIT)
    assert keyword_engine.apply_urgency_hint(Priority.URGENT, can_wait) is Priority.HIGH
