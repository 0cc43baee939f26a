"""Rules for options, option groups and confirmations."""

import pytest

from tests.sandbox.slack.blockkit.sample_blocks import (
    EMPTY_MESSAGE,
    INPUT_POINTER,
    NO_ITEMS_MESSAGE,
    Json,
    actions,
    button,
    confirm,
    element,
    element_problems,
    input_problems,
    lines_at,
    lines_in_input,
    message_problems,
    mrkdwn,
    option,
    option_group,
    options,
    plain_text,
    text_lines_at,
    too_long_message,
    too_many_message,
    without_key,
)

IN_ACTIONS = "/blocks/0/elements/0"


def test_select_accepts_up_to_100_option_groups() -> None:
    groups = [option_group(*options(100)) for _ in range(100)]
    select = {"type": "static_select", "option_groups": groups, "initial_option": options(100)[7]}

    assert input_problems(select) == []
    assert input_problems(
        {**select, "option_groups": [*groups, option_group(option())]}
    ) == lines_in_input("option_groups", too_many_message(100))


@pytest.mark.parametrize(
    ("changed", "value", "expected"),
    [
        (
            "label",
            plain_text("x" * 76),
            text_lines_at(f"{INPUT_POINTER}/option_groups/0/label", too_long_message(75)),
        ),
        ("options", [], lines_in_input("option_groups/0/options", NO_ITEMS_MESSAGE)),
        ("options", options(101), lines_in_input("option_groups/0/options", too_many_message(100))),
    ],
)
def test_invalid_option_group_is_refused(changed: str, value: object, expected: list[str]) -> None:
    select = {
        "type": "static_select",
        "option_groups": [{**option_group(option()), changed: value}],
    }

    assert input_problems(select) == expected


@pytest.mark.parametrize(
    ("name", "text", "message", "inside"),
    [
        ("text", plain_text("x" * 76), too_long_message(75), "text"),
        ("text", plain_text(""), EMPTY_MESSAGE, "text"),
        ("text", mrkdwn(), "unsupported type: mrkdwn", "type"),
        ("description", plain_text("x" * 76), too_long_message(75), "text"),
        ("description", mrkdwn(), "unsupported type: mrkdwn", "type"),
    ],
)
def test_invalid_option_text_or_description_is_refused(
    name: str, text: Json, message: str, inside: str
) -> None:
    problems = element_problems("static_select", options=[{**option(), name: text}])

    assert problems == text_lines_at(f"{INPUT_POINTER}/options/0/{name}", message, inside=inside)


@pytest.mark.parametrize(
    ("name", "value", "pointer", "message"),
    [
        ("value", "x" * 151, "options/0/value", too_long_message(150)),
        ("value", "", "options/0/value", EMPTY_MESSAGE),
        ("value", 7, "options/0/value", "must provide a string"),
        ("url", "https://example.com", "options/0", "invalid additional property: url"),
    ],
)
def test_invalid_option_value_is_refused(
    name: str, value: object, pointer: str, message: str
) -> None:
    problems = element_problems("static_select", options=[{**option(), name: value}])

    assert problems == lines_in_input(pointer, message)


@pytest.mark.parametrize("kind", ["checkboxes", "radio_buttons", "static_select", "overflow"])
def test_option_description_has_one_limit_in_all_elements(kind: str) -> None:
    at_limit = option() | {"description": plain_text("x" * 75)}
    too_much = option() | {"description": plain_text("x" * 76)}
    pointer = f"{IN_ACTIONS}/options/0/description"

    assert message_problems(actions(element(kind, options=[at_limit]))) == []
    assert message_problems(actions(element(kind, options=[too_much]))) == text_lines_at(
        pointer, too_long_message(75)
    )


@pytest.mark.parametrize("kind", ["checkboxes", "radio_buttons", "static_select", "overflow"])
def test_option_text_has_one_limit_in_all_elements(kind: str) -> None:
    at_limit = option() | {"text": plain_text("x" * 75)}
    too_much = option() | {"text": plain_text("x" * 76)}

    assert message_problems(actions(element(kind, options=[at_limit]))) == []
    assert message_problems(actions(element(kind, options=[too_much]))) == text_lines_at(
        f"{IN_ACTIONS}/options/0/text", too_long_message(75)
    )


@pytest.mark.parametrize("name", ["text", "value"])
def test_option_without_text_or_value_is_refused(name: str) -> None:
    problems = element_problems("static_select", options=[without_key(option(), name)])

    assert problems == lines_in_input("options/0", f"missing required field: {name}")


@pytest.mark.parametrize(
    ("name", "text", "message", "inside"),
    [
        ("title", plain_text("x" * 101), too_long_message(100), "text"),
        ("title", mrkdwn(), "unsupported type: mrkdwn", "type"),
        ("text", mrkdwn("x" * 301), too_long_message(300), "text"),
        ("confirm", plain_text("x" * 31), too_long_message(30), "text"),
        ("deny", plain_text("x" * 31), too_long_message(30), "text"),
        ("deny", mrkdwn(), "unsupported type: mrkdwn", "type"),
    ],
)
def test_invalid_confirmation_text_is_refused(
    name: str, text: Json, message: str, inside: str
) -> None:
    problems = message_problems(actions(button(confirm={**confirm(), name: text})))

    assert problems == text_lines_at(f"{IN_ACTIONS}/confirm/{name}", message, inside=inside)


def test_unknown_confirmation_style_is_refused() -> None:
    problems = message_problems(actions(button(confirm={**confirm(), "style": "loud"})))

    assert problems == lines_at(f"{IN_ACTIONS}/confirm/style", "must be a valid enum value")


@pytest.mark.parametrize("name", ["title", "text", "confirm", "deny"])
def test_confirmation_without_a_text_is_refused(name: str) -> None:
    problems = message_problems(actions(button(confirm=without_key(confirm(), name))))

    assert problems == lines_at(f"{IN_ACTIONS}/confirm", f"missing required field: {name}")
