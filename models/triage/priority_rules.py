"""Minimum-priority rules of a workspace, which no model can lower."""

from collections.abc import Collection, Iterable

from models.triage.result import Priority
from models.triage.skills import Skill, Vocabulary

PriorityRule = tuple[str, Priority]
"""Words or a requester's Slack user group, and the minimum priority of such tickets."""


def parse_rules(line: str) -> tuple[PriorityRule, ...]:
    """The rules in a line like `production is down=urgent, payroll=high`.

    Raises:
        ValueError: a part of the line is not a rule.
    """
    return tuple(_parse_rule(part) for part in line.split(",") if part.strip())


def priority_by_words(text: str, rules: Iterable[PriorityRule]) -> Priority:
    """The highest priority of the rules whose words stand in the text, whole and in a row."""
    found_words = Vocabulary(Skill(name=words) for words, _ in rules).names_in(text)
    return _highest(priority for words, priority in rules if words in found_words)


def priority_by_groups(groups: Collection[str], rules: Iterable[PriorityRule]) -> Priority:
    """The highest priority of the rules for the groups that a requester is in."""
    return _highest(priority for group, priority in rules if group in groups)


def _highest(priorities: Iterable[Priority]) -> Priority:
    highest = Priority.LOW
    for priority in priorities:
        highest = highest.at_least(priority)
    return highest


def _parse_rule(part: str) -> PriorityRule:
    key, _, priority = (piece.strip() for piece in part.rpartition("="))
    if not key or priority not in set(Priority):
        raise ValueError(f"write {part.strip()!r} as words=priority, for example payroll=high")
    return key, Priority(priority)
