"""Where two properties of one element must agree with each other."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from sandbox.slack.blockkit.problems import Problem

Element = Mapping[str, Any]


def _offered(element: Element) -> list[object]:
    grouped = [one for group in element.get("option_groups", ()) for one in group["options"]]
    return [*element.get("options", ()), *grouped]


def initial_option_is_offered(element: Element, pointer: str) -> Iterator[Problem]:
    if "initial_option" in element and element["initial_option"] not in _offered(element):
        yield _not_offered(f"{pointer}/initial_option")


def initial_options_are_offered(element: Element, pointer: str) -> Iterator[Problem]:
    # An empty list is refused in the same words (recorded in public code).
    chosen, offered = element.get("initial_options"), _offered(element)
    if chosen is not None and not (chosen and all(one in offered for one in chosen)):
        yield _not_offered(f"{pointer}/initial_options")


def _not_offered(pointer: str) -> Problem:
    return Problem("must be one of the provided options", pointer)


def no_more_chosen_than_allowed(element: Element, pointer: str) -> Iterator[Problem]:
    most = element.get("max_selected_items")
    for name, chosen in element.items():
        if name.startswith("initial_") and most is not None and len(chosen) > most:
            yield Problem(f"no more than {most} items allowed", f"{pointer}/{name}")


_LONGEST_INPUT = 3000


def lengths_agree(element: Element, pointer: str) -> Iterator[Problem]:
    least, most = element.get("min_length", 0), element.get("max_length", _LONGEST_INPUT)
    if least > most:
        yield Problem(f"must be less than {most}", f"{pointer}/min_length")
    elif (length := len(element.get("initial_value", ""))) > most:
        yield Problem(f"must be less than {most + 1} characters", f"{pointer}/initial_value")
    elif 0 < length < least:
        yield Problem(f"must be more than {least - 1} characters", f"{pointer}/initial_value")


def numbers_agree(element: Element, pointer: str) -> Iterator[Problem]:
    given = {x: Decimal(element[x]) for x in _NUMBERS if x in element}
    if not element["is_decimal_allowed"]:
        for name, one in given.items():
            if one != one.to_integral_value():
                yield Problem("must provide an integer", f"{pointer}/{name}")
    most = given.get("max_value")
    least = given.pop("min_value", None)
    if least is not None and most is not None and least > most:
        yield Problem(f"must be less than {most}", f"{pointer}/min_value")
    elif "initial_value" in given:
        yield from _outside(given["initial_value"], least, most, f"{pointer}/initial_value")


_NUMBERS = ("initial_value", "min_value", "max_value")


def _outside(
    value: Decimal, least: Decimal | None, most: Decimal | None, pointer: str
) -> Iterator[Problem]:
    if least is not None and value < least:
        yield Problem(f"must be greater than {least}", pointer)
    if most is not None and value > most:
        yield Problem(f"must be less than {most}", pointer)
