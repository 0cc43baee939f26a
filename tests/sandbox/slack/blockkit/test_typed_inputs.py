"""Rules for text, number and file inputs."""

import pytest

from tests.sandbox.slack.blockkit.sample_blocks import (
    INPUT_POINTER,
    NO_ITEMS_MESSAGE,
    Json,
    element_problems,
    input_problems,
    lines_at,
    lines_in_input,
    rich_text,
    too_long_message,
)


@pytest.mark.parametrize(
    ("kind", "own", "name", "message"),
    [
        ("plain_text_input", {"max_length": 3001}, "max_length", "must be less than 3000"),
        ("plain_text_input", {"max_length": 0}, "max_length", "must be greater than 1"),
        ("plain_text_input", {"min_length": 3001}, "min_length", "must be less than 3000"),
        ("plain_text_input", {"min_length": -1}, "min_length", "must be greater than 0"),
        ("plain_text_input", {"min_length": True}, "min_length", "must provide an integer"),
        (
            "plain_text_input",
            {"min_length": 5, "max_length": 4},
            "min_length",
            "must be less than 4",
        ),
        (
            "plain_text_input",
            {"initial_value": "x" * 3001},
            "initial_value",
            too_long_message(3000),
        ),
        (
            "plain_text_input",
            {"initial_value": "12345", "max_length": 4},
            "initial_value",
            too_long_message(4),
        ),
        (
            "plain_text_input",
            {"initial_value": "12", "min_length": 3},
            "initial_value",
            "must be more than 2 characters",
        ),
        ("plain_text_input", {"initial_value": None}, "initial_value", "must provide a string"),
        ("plain_text_input", {"multiline": 1}, "multiline", "must be a boolean"),
        ("email_text_input", {"initial_value": 7}, "initial_value", "must provide a string"),
        (
            "number_input",
            {"min_value": "5", "max_value": "4"},
            "min_value",
            "must be less than 4",
        ),
        (
            "number_input",
            {"initial_value": "3", "min_value": "4"},
            "initial_value",
            "must be greater than 4",
        ),
        (
            "number_input",
            {"initial_value": "9", "max_value": "8"},
            "initial_value",
            "must be less than 8",
        ),
        ("number_input", {"min_value": 5}, "min_value", "must provide a string"),
        ("number_input", {"initial_value": "1.5"}, "initial_value", "must provide an integer"),
        (
            "number_input",
            {"max_value": "many"},
            "max_value",
            r"input must match regex pattern: ^-?\d+(\.\d+)?$",
        ),
        ("rich_text_input", {"initial_value": "Hi"}, "initial_value", "must provide an object"),
        ("file_input", {"max_files": 0}, "max_files", "must be greater than 1"),
        ("file_input", {"max_files": 11}, "max_files", "must be less than 10"),
        ("file_input", {"filetypes": []}, "filetypes", NO_ITEMS_MESSAGE),
    ],
)
def test_invalid_input_is_refused(kind: str, own: Json, name: str, message: str) -> None:
    assert element_problems(kind, **own) == lines_in_input(name, message)


def test_number_input_without_is_decimal_allowed_is_refused() -> None:
    problems = input_problems({"type": "number_input"})

    assert problems == lines_at(INPUT_POINTER, "missing required field: is_decimal_allowed")


@pytest.mark.parametrize(
    ("kind", "own"),
    [
        ("plain_text_input", {"multiline": True, "min_length": 2, "initial_value": "Hi"}),
        ("plain_text_input", {"initial_value": "x" * 3000, "max_length": 3000}),
        ("plain_text_input", {"initial_value": "1234", "min_length": 4, "max_length": 4}),
        ("email_text_input", {"initial_value": "ada@example.com"}),
        ("url_text_input", {"initial_value": "https://example.com"}),
        (
            "number_input",
            {"is_decimal_allowed": True, "initial_value": "1.5", "max_value": "2"},
        ),
        ("number_input", {"initial_value": "-1", "min_value": "-1", "max_value": "-1"}),
        ("rich_text_input", {"initial_value": rich_text({"type": "text", "text": "Hi"})}),
        ("file_input", {"filetypes": ["png"], "max_files": 10}),
    ],
)
def test_valid_input_is_accepted(kind: str, own: Json) -> None:
    assert element_problems(kind, **own) == []
