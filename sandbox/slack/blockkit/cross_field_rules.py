"""Where two properties of one element must agree with each other."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from sandbox.slack.blockkit.problems import Problem

ElementObject = Mapping[str, Any]


def _element_options(element: ElementObject) -> list[object]:
    grouped = [one for group in element.get("option_groups", ()) for one in group["options"]]
    return [*element.get("options", ()), *grouped]


def check_initial_option(element: ElementObject, pointer: str) -> Iterator[Problem]:
    if "initial_option" in element and element["initial_option"] not in _element_options(element):
        yield _not_an_option_problem(f"{pointer}/initial_option")


def check_initial_options(element: ElementObject, pointer: str) -> Iterator[Problem]:
    # An empty list is refused in the same words (recorded in public code).
    chosen, offered = element.get("initial_options"), _element_options(element)
    if chosen is not None and not (chosen and all(one in offered for one in chosen)):
        yield _not_an_option_problem(f"{pointer}/initial_options")


def _not_an_option_problem(pointer: str) -> Problem:
    return Problem("must be one of the provided options", pointer)


def check_selected_count(element: ElementObject, pointer: str) -> Iterator[Problem]:
    most = element.get("max_selected_items")
    for name, chosen in element.items():
        if name.startswith("initial_") and most is not None and len(chosen) > most:
            yield Problem(f"no more than {most} items allowed", f"{pointer}/{name}")


_MAX_INPUT_CHARACTERS = 3000


def check_lengths(element: ElementObject, pointer: str) -> Iterator[Problem]:
    least, most = element.get("min_length", 0), element.get("max_length", _MAX_INPUT_CHARACTERS)
    if least > most:
        yield Problem(f"must be less than {most}", f"{pointer}/min_length")
    elif (length := len(element.get("initial_value", ""))) > most:
        yield Problem(f"must be less than {most + 1} characters", f"{pointer}/initial_value")
    elif 0 < length < least:
        yield Problem(f"must be more than {least - 1} characters", f"{pointer}/initial_value")


def check_numbers(element: ElementObject, pointer: str) -> Iterator[Problem]:
    given = {x: Decimal(element[x]) for x in _NUMBER_FIELDS if x in element}
    if not element["is_decimal_allowed"]:
        for name, one in given.items():
            if one != one.to_integral_value():
                yield Problem("must provide an integer", f"{pointer}/{name}")
    most = given.get("max_value")
    least = given.pop("min_value", None)
    if least is not None and most is not None and least > most:
        yield Problem(f"must be less than {most}", f"{pointer}/min_value")
    elif "initial_value" in given:
        yield from _check_range(given["initial_value"], least, most, f"{pointer}/initial_value")


_NUMBER_FIELDS = ("initial_value", "min_value", "max_value")


def _check_range(
    value: Decimal, minimum: Decimal | None, maximum: Decimal | None, pointer: str
) -> Iterator[Problem]:
    if minimum is not None and value < minimum:
        yield Problem(f"must be greater than {minimum}", pointer)
    if maximum is not None and value > maximum:
        yield Problem(f"must be less than {maximum}", pointer)
