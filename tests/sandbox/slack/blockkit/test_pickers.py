"""Pickers of dates, times and moments: how they are written."""

import pytest

from tests.sandbox.slack.blockkit.sample_blocks import element_problems, lines_in_input


@pytest.mark.parametrize("day", ["2026-02-30", "26-02-03", "03.02.2026", "20260203"])
def test_a_date_is_a_day_of_the_calendar(day: str) -> None:
    said = element_problems("datepicker", initial_date=day)

    assert said == lines_in_input(
        "initial_date", r"input must match regex pattern: ^\d{4}-\d{2}-\d{2}$"
    )


def test_a_date_is_written_as_text() -> None:
    said = element_problems("datepicker", initial_date=20260203)

    assert said == lines_in_input("initial_date", "must provide a string")


@pytest.mark.parametrize("time", ["24:00", "9:30", "12:60", "noon"])
def test_a_time_is_one_of_the_clock(time: str) -> None:
    pattern = r"input must match regex pattern: ^([01]\d|2[0-3]):[0-5]\d$"

    assert element_problems("timepicker", initial_time=time) == lines_in_input(
        "initial_time", pattern
    )


@pytest.mark.parametrize(
    ("moment", "message"),
    [
        (999_999_999, "must be greater than 1000000000"),
        (10_000_000_000, "must be less than 9999999999"),
        ("1700000000", "must provide an integer"),
    ],
)
def test_a_moment_is_a_number_of_ten_digits(moment: object, message: str) -> None:
    said = element_problems("datetimepicker", initial_date_time=moment)

    assert said == lines_in_input("initial_date_time", message)
