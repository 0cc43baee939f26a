"""The language Slack's rules are written in here: a rule looks at one value and objects.

The words are those of Slack's own validator (github.com/slackhq/hack-json-schema, src/Constraints),
except where a comment names another place.
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
    """Lengths count characters, not bytes: an emoji of one code point is one."""

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
        # "Less than" where it means "at most": so it stands in Slack's validator.
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
        for index, one in enumerate(value):
            yield from item(one, f"{pointer}/{index}")
        if unique and any(one in value[:index] for index, one in enumerate(value)):
            yield Problem("Input contains duplicate items", pointer)

    return rule


def object_with(
    required: Mapping[str, Rule] = _NO_FIELDS,
    optional: Mapping[str, Rule] = _NO_FIELDS,
    *cross_field_rules: CrossFieldRule,
) -> Rule:
    """These properties and no others; `together` is asked when each alone is fine."""
    known = {**required, **optional}

    def rule(value: object, pointer: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem("must provide an object", pointer)
            return
        missing = [name for name in required if name not in value]
        strange = [name for name in value if name not in known]
        found = [
            *(Problem(f"missing required field: {name}", pointer) for name in missing),
            *(Problem(f"invalid additional property: {name}", pointer) for name in strange),
        ]
        for name in [name for name in value if name in known]:
            found += known[name](value[name], f"{pointer}/{name}")
        yield from found or (
            problem for ask in cross_field_rules for problem in ask(value, pointer)
        )

    return rule


def object_by_type(table: Mapping[str, Rule]) -> Rule:
    """An object whose `type` says which rule holds for the rest of it."""

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
            rest = {key: one for key, one in value.items() if key != "type"}
            yield from table[kind](rest, pointer)

    return rule


def report_object_first(part: Rule) -> Rule:
    """Slack names the object first, then what is wrong inside it (grafana/oncall#5121)."""

    def rule(value: object, pointer: str) -> Iterator[Problem]:
        if found := list(part(value, pointer)):
            yield Problem("failed to match all allowed schemas", pointer)
            yield from found

    return rule


def all_in_order(*rules: Rule) -> Rule:
    """The next rule may rely on what the one before has seen."""

    def rule(value: object, pointer: str) -> Iterator[Problem]:
        for one in rules:
            if found := list(one(value, pointer)):
                yield from found
                return

    return rule


def exactly_one_of(first: str, second: str) -> CrossFieldRule:
    def ask(value: Mapping[str, object], pointer: str) -> Iterator[Problem]:
        if first not in value and second not in value:
            yield Problem(f"missing required field: {first}", pointer)
        if first in value and second in value:
            yield Problem(f"invalid additional property: {second}", pointer)

    return ask


def not_empty(value: Mapping[str, object], pointer: str) -> Iterator[Problem]:
    if not value:
        yield Problem("must have minimum 1 properties", pointer)
