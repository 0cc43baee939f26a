"""Minimum-priority rules: by words, by the requester's group, and the requester's urgency."""

import pytest

from models.engine import keyword_engine
from models.engine.ticket_reading import read_text
from models.tickets.ticket import Urgency
from models.triage.priority_rules import parse_rules, priority_by_groups, priority_by_words
from models.triage.result import Priority
from models.triage.taxonomy import DEFAULT_TAXONOMY
from tests.sample_tickets import make_triage, new_ticket, read_sample

RULES = parse_rules("production is down=urgent, payroll=high")


@pytest.mark.parametrize(
    ("text", "priority"),
    [
        ("Help: Production is DOWN!", Priority.URGENT),
        ("payroll, and production is down", Priority.URGENT),
        ("the Payroll run", Priority.HIGH),
        ("our production line is going down", Priority.LOW),
        ("payrolls", Priority.LOW),
    ],
)
def test_word_rule_needs_its_whole_words_in_a_row(text: str, priority: Priority) -> None:
    assert priority_by_words(text, RULES) is priority


def test_group_rules_use_the_highest_priority() -> None:
    rules = parse_rules("S1=high,S2=urgent")

    assert priority_by_groups({"S1", "S9"}, rules) is Priority.HIGH
    assert priority_by_groups({"S1", "S2"}, rules) is Priority.URGENT
    assert priority_by_groups(set(), rules) is Priority.LOW


@pytest.mark.parametrize("line", ["payroll", "payroll=soon", "=high"])
def test_invalid_rule_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="words=priority"):
        parse_rules(line)


@pytest.mark.parametrize("urgency", [None, *Urgency])
def test_requesters_urgency_does_not_lower_the_minimum(urgency: Urgency | None) -> None:
    ticket = new_ticket(title="We have an outage", urgency=urgency)
    low = make_triage("vpn", priority=Priority.LOW)

    assert read_sample(ticket).with_rules(low).priority is Priority.URGENT
    reading = read_text(new_ticket(urgency=urgency), DEFAULT_TAXONOMY, floor=Priority.HIGH)
    assert reading.with_rules(low).priority is Priority.HIGH


def test_requesters_urgency_moves_the_priority_by_one_level() -> None:
    all_blocked = new_ticket(title="A new mouse", urgency=Urgency.MANY_BLOCKED)

    assert keyword_engine.apply_urgency_hint(Priority.LOW, all_blocked.urgency) is Priority.NORMAL
    assert keyword_engine.apply_urgency_hint(Priority.HIGH, all_blocked.urgency) is Priority.URGENT
    assert keyword_engine.triage(all_blocked, DEFAULT_TAXONOMY).priority is Priority.HIGH
    can_wait = Urgency.CAN_WAIT
    assert keyword_engine.apply_urgency_hint(Priority.URGENT, can_wait) is Priority.HIGH
