"""Rules for two properties of one element that must match each other."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from sandbox.slack.blockkit.problems import Problem

ElementObject = Mapping[str, Any]


def _element_options(element: ElementObject) -> list[object]:
    groups = element.get("option_groups", ())
    grouped = [option for group in groups for option in group["options"]]
    return [*element.get("options", ()), *grouped]


def check_initial_option(element: ElementObject, pointer: str) -> Iterator[Problem]:
    if "initial_option" in element and element["initial_option"] not in _element_options(element):
        yield _not_an_option_problem(f"{pointer}/initial_option")


def check_initial_options(element: ElementObject, pointer: str) -> Iterator[Problem]:
    # Slack refuses an empty list with the same text (recorded in public code).
    selected, options = element.get("initial_options"), _element_options(element)
    if selected is not None and not (selected and all(o in options for o in selected)):
        yield _not_an_option_problem(f"{pointer}/initial_options")


def _not_an_option_problem(pointer: str) -> Problem:
    return Problem("must be one of the provided options", pointer)


def check_selected_count(element: ElementObject, pointer: str) -> Iterator[Problem]:
    maximum = element.get("max_selected_items")
    for name, selected in element.items():
        if name.startswith("initial_") and maximum is not None and len(selected) > maximum:
            yield Problem(f"no more than {maximum} items allowed", f"{pointer}/{name}")


_MAX_INPUT_CHARACTERS = 3000


def check_lengths(element: ElementObject, pointer: str) -> Iterator[Problem]:
    minimum = element.get("min_length", 0)
    maximum = element.get("max_length", _MAX_INPUT_CHARACTERS)
    if minimum > maximum:
        yield Problem(f"must be less than {maximum}", f"{pointer}/min_length")
    elif (length := len(element.get("initial_value", ""))) > maximum:
        yield Problem(f"must be less than {maximum + 1} characters", f"{pointer}/initial_value")
    elif 0 < length < minimum:
        yield Problem(f"must be more than {minimum - 1} characters", f"{pointer}/initial_value")


def check_numbers(element: ElementObject, pointer: str) -> Iterator[Problem]:
    numbers = {name: Decimal(element[name]) for name in _NUMBER_FIELDS if name in element}
    if not element["is_decimal_allowed"]:
        for name, number in numbers.items():
            if number != number.to_integral_value():
                yield Problem("must provide an integer", f"{pointer}/{name}")
    minimum, maximum = numbers.get("min_value"), numbers.get("max_value")
    if minimum is not None and maximum is not None and minimum > maximum:
        yield Problem(f"must be less than {maximum}", f"{pointer}/min_value")
    elif (value := numbers.get("initial_value")) is not None:
        yield from _check_range(value, minimum, maximum, f"{pointer}/initial_value")


_NUMBER_FIELDS = ("initial_value", "min_value", "max_value")


def _check_range(
    value: Decimal, minimum: Decimal | None, maximum: Decimal | None, pointer: str
) -> Iterator[Problem]:
    if minimum is not None and value < minimum:
        yield Problem(f"must be greater than {minimum}", pointer)
    if maximum is not None and value > maximum:
        yield Problem(f"must be less than {maximum}", pointer)
