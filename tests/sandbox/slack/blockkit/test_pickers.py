"""Rules for date, time and datetime pickers."""

import pytest

from tests.sandbox.slack.blockkit.sample_blocks import element_problems, lines_in_input


@pytest.mark.parametrize("day", ["2026-02-30", "26-02-03", "03.02.2026", "20260203"])
def test_date_outside_the_calendar_is_refused(day: str) -> None:
    problems = element_problems("datepicker", initial_date=day)

    assert problems == lines_in_input(
        "initial_date", r"input must match regex pattern: ^\d{4}-\d{2}-\d{2}$"
    )


def test_date_that_is_not_a_string_is_refused() -> None:
    problems = element_problems("datepicker", initial_date=20260203)

    assert problems == lines_in_input("initial_date", "must provide a string")


@pytest.mark.parametrize("time", ["24:00", "9:30", "12:60", "noon"])
def test_invalid_time_is_refused(time: str) -> None:
    pattern = r"input must match regex pattern: ^([01]\d|2[0-3]):[0-5]\d$"

    assert element_problems("timepicker", initial_time=time) == lines_in_input(
        "initial_time", pattern
    )


@pytest.mark.parametrize(
    ("initial_date_time", "message"),
    [
        (999_999_999, "must be greater than 1000000000"),
        (10_000_000_000, "must be less than 9999999999"),
        ("1700000000", "must provide an integer"),
    ],
)
def test_datetime_without_ten_digits_is_refused(initial_date_time: object, message: str) -> None:
    problems = element_problems("datetimepicker", initial_date_time=initial_date_time)

    assert problems == lines_in_input("initial_date_time", message)
