"""The least priority that a ticket has by the desk's own rules, which no model can lower."""

from collections.abc import Collection, Iterable

from models.triage.result import Priority
from models.triage.skills import Skill, Vocabulary

PriorityRule = tuple[str, Priority]
"""Words or a group of requesters, and the least priority of their tickets."""


def parse_rules(line: str) -> tuple[PriorityRule, ...]:
    """The rules in a line like `production is down=urgent, payroll=high`.

    Raises:
        ValueError: one of them is none.
    """
    return tuple(_parse_rule(part) for part in line.split(",") if part.strip())


def priority_by_words(text: str, rules: Iterable[PriorityRule]) -> Priority:
    """What the words ask for that stand in a text, as whole words in a row."""
    found = Vocabulary(Skill(name=words) for words, _ in rules).names_in(text)
    return _highest(least for words, least in rules if words in found)


def priority_by_groups(groups: Collection[str], rules: Iterable[PriorityRule]) -> Priority:
    """What the groups ask for that a requester is in."""
    return _highest(least for group, least in rules if group in groups)


def _highest(priorities: Iterable[Priority]) -> Priority:
    highest = Priority.LOW
    for least in priorities:
        highest = highest.at_least(least)
    return highest


def _parse_rule(part: str) -> PriorityRule:
    what, _, least = (piece.strip() for piece in part.rpartition("="))
    if not what or least not in set(Priority):
        raise ValueError(f"write {part.strip()!r} as words=priority, like payroll=high")
    return what, Priority(least)
