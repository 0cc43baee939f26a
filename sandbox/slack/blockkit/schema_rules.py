"""Schema rules: functions that check one value and yield its problems.

The texts are from Slack's own validator (github.com/slackhq/hack-json-schema, src/Constraints),
unless a comment names another source.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from sandbox.slack.blockkit.problems import Problem

Rule = Callable[[object, str], Iterator[Problem]]
CrossFieldRule = Callable[[Mapping[str, object], str], Iterator[Problem]]

_NO_FIELDS: Mapping[str, Rule] = {}


def string(
    *, min_length: int = 0, max_length: int | None = None, pattern: str | None = None
) -> Rule:
    """Return a rule for strings; lengths count code points, not bytes."""

    def rule(value: object, pointer: str) -> Iterator[Problem]:
        if not isinstance(value, str):
            yield Problem("must provide a string", pointer)
        elif len(value) < min_length:
            yield Problem(f"must be more than {min_length - 1} characters", pointer)
        elif max_length is not None and len(value) > max_length:
            yield Problem(f"must be less than {max_length + 1} characters", pointer)
        elif pattern is not None and not re.search(pattern, value):
            yield Problem(f"input must match regex pattern: {pattern}", pointer)

    return rule


def integer(*, minimum: int | None = None, maximum: int | None = None) -> Rule:
    def rule(value: object, pointer: str) -> Iterator[Problem]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield Problem("must provide an integer", pointer)
        # Slack's validator says "less than" and means "at most".
        elif minimum is not None and value < minimum:
            yield Problem(f"must be greater than {minimum}", pointer)
        elif maximum is not None and value > maximum:
            yield Problem(f"must be less than {maximum}", pointer)

    return rule


def number(value: object, pointer: str) -> Iterator[Problem]:
    if not isinstance(value, int | float) or isinstance(value, bool):
        yield Problem("must provide a number", pointer)


def boolean(value: object, pointer: str) -> Iterator[Problem]:
    if not isinstance(value, bool):
        yield Problem("must be a boolean", pointer)


def any_value(_value: object, _pointer: str) -> Iterator[Problem]:
    yield from ()


def enum_of(*words: str) -> Rule:
    def rule(value: object, pointer: str) -> Iterator[Problem]:
        if not isinstance(value, str):
            yield Problem("must provide a string", pointer)
        elif value not in words:
            yield Problem("must be a valid enum value", pointer)

    return rule


def array_of(
    item: Rule, *, min_items: int = 0, max_items: int | None = None, unique: bool = False
) -> Rule:
    def rule(value: object, pointer: str) -> Iterator[Problem]:
        if not isinstance(value, list):
            yield Problem("must provide an array", pointer)
            return
        if len(value) < min_items:
            yield Problem(f"must provide at least {min_items} items", pointer)
        if max_items is not None and len(value) > max_items:
            yield Problem(f"no more than {max_items} items allowed", pointer)
        for index, element in enumerate(value):
            yield from item(element, f"{pointer}/{index}")
        if unique and any(element in value[:index] for index, element in enumerate(value)):
            yield Problem("Input contains duplicate items", pointer)

    return rule


def object_with(
    required: Mapping[str, Rule] = _NO_FIELDS,
    optional: Mapping[str, Rule] = _NO_FIELDS,
    *cross_field_rules: CrossFieldRule,
) -> Rule:
    """Return a rule for an object with these properties and no others.

    Args:
        cross_field_rules: run only if no property alone has a problem.
    """
    properties = {**required, **optional}

    def rule(value: object, pointer: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem("must provide an object", pointer)
            return
        missing = [name for name in required if name not in value]
        unknown = [name for name in value if name not in properties]
        problems = [
            *(Problem(f"missing required field: {name}", pointer) for name in missing),
            *(Problem(f"invalid additional property: {name}", pointer) for name in unknown),
        ]
        for name in [name for name in value if name in properties]:
            problems += properties[name](value[name], f"{pointer}/{name}")
        yield from problems or (
            problem for check in cross_field_rules for problem in check(value, pointer)
        )

    return rule


def object_by_type(table: Mapping[str, Rule]) -> Rule:
    """Return a rule for an object whose `type` selects the rule for its other properties."""

    def rule(value: object, pointer: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem("must provide an object", pointer)
        elif "type" not in value:
            yield Problem("missing required field: type", pointer)
        elif not isinstance(kind := value["type"], str):
            yield Problem("must provide a string", f"{pointer}/type")
        elif kind not in table:
            yield Problem(f"unsupported type: {kind}", f"{pointer}/type")
        else:
            own_fields = {name: field for name, field in value.items() if name != "type"}
            yield from table[kind](own_fields, pointer)

    return rule


def report_object_first(part: Rule) -> Rule:
    """Return a rule that reports the object before its inner problems (grafana/oncall#5121)."""

    def rule(value: object, pointer: str) -> Iterator[Problem]:
        if problems := list(part(value, pointer)):
            yield Problem("failed to match all allowed schemas", pointer)
            yield from problems

    return rule


def all_in_order(*rules: Rule) -> Rule:
    """Return a rule that stops at the first rule with problems, so later ones can rely on it."""

    def check_in_order(value: object, pointer: str) -> Iterator[Problem]:
        for rule in rules:
            if problems := list(rule(value, pointer)):
                yield from problems
                return

    return check_in_order


def exactly_one_of(first: str, second: str) -> CrossFieldRule:
    def check(value: Mapping[str, object], pointer: str) -> Iterator[Problem]:
        if first not in value and second not in value:
            yield Problem(f"missing required field: {first}", pointer)
        if first in value and second in value:
            yield Problem(f"invalid additional property: {second}", pointer)

    return check


def not_empty(value: Mapping[str, object], pointer: str) -> Iterator[Problem]:
    if not value:
        yield Problem("must have minimum 1 properties", pointer)
