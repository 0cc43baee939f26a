"""Options, their groups, and confirmations."""

import pytest

from tests.sandbox.blockkit.samples import (
    EMPTY,
    IN_INPUT,
    NOTHING,
    Json,
    actions,
    at,
    button,
    confirm,
    element,
    group,
    in_input,
    marked,
    option,
    options,
    plain,
    refused,
    said_of_input,
    said_of_message,
    text_at,
    too_long,
    too_many,
    without,
)

IN_ACTIONS = "/blocks/0/elements/0"


def test_options_may_come_in_groups() -> None:
    groups = [group(*options(100)) for _ in range(100)]
    select = {"type": "static_select", "option_groups": groups, "initial_option": options(100)[7]}

    assert said_of_input(select) == []
    assert said_of_input({**select, "option_groups": [*groups, group(option())]}) == in_input(
        "option_groups", too_many(100)
    )


@pytest.mark.parametrize(
    ("changed", "value", "said"),
    [
        ("label", plain("x" * 76), text_at(f"{IN_INPUT}/option_groups/0/label", too_long(75))),
        ("options", [], in_input("option_groups/0/options", NOTHING)),
        ("options", options(101), in_input("option_groups/0/options", too_many(100))),
    ],
)
def test_a_group_has_a_short_label_and_some_options(
    changed: str, value: object, said: list[str]
) -> None:
    select = {"type": "static_select", "option_groups": [{**group(option()), changed: value}]}

    assert said_of_input(select) == said


@pytest.mark.parametrize(
    ("name", "text", "message", "inside"),
    [
        ("text", plain("x" * 76), too_long(75), "text"),
        ("text", plain(""), EMPTY, "text"),
        ("text", marked(), "unsupported type: mrkdwn", "type"),
        ("description", plain("x" * 76), too_long(75), "text"),
        ("description", marked(), "unsupported type: mrkdwn", "type"),
    ],
)
def test_what_an_option_says_is_short_and_plain(
    name: str, text: Json, message: str, inside: str
) -> None:
    said = refused("static_select", options=[{**option(), name: text}])

    assert said == text_at(f"{IN_INPUT}/options/0/{name}", message, inside=inside)


@pytest.mark.parametrize(
    ("name", "value", "pointer", "message"),
    [
        ("value", "x" * 151, "options/0/value", too_long(150)),
        ("value", "", "options/0/value", EMPTY),
        ("value", 7, "options/0/value", "must provide a string"),
        ("url", "https://example.com", "options/0", "invalid additional property: url"),
    ],
)
def test_what_an_option_means_is_a_short_string(
    name: str, value: object, pointer: str, message: str
) -> None:
    said = refused("static_select", options=[{**option(), name: value}])

    assert said == in_input(pointer, message)


@pytest.mark.parametrize("kind", ["checkboxes", "radio_buttons", "static_select", "overflow"])
def test_the_description_of_an_option_is_as_short_everywhere(kind: str) -> None:
    fits = option() | {"description": plain("x" * 75)}
    too_much = option() | {"description": plain("x" * 76)}
    pointer = f"{IN_ACTIONS}/options/0/description"

    assert said_of_message(actions(element(kind, options=[fits]))) == []
    assert said_of_message(actions(element(kind, options=[too_much]))) == text_at(
        pointer, too_long(75)
    )


@pytest.mark.parametrize("kind", ["checkboxes", "radio_buttons", "static_select", "overflow"])
def test_the_text_of_an_option_is_as_short_everywhere(kind: str) -> None:
    fits = option() | {"text": plain("x" * 75)}
    too_much = option() | {"text": plain("x" * 76)}

    assert said_of_message(actions(element(kind, options=[fits]))) == []
    assert said_of_message(actions(element(kind, options=[too_much]))) == text_at(
        f"{IN_ACTIONS}/options/0/text", too_long(75)
    )


@pytest.mark.parametrize("name", ["text", "value"])
def test_an_option_has_a_text_and_a_value(name: str) -> None:
    said = refused("static_select", options=[without(option(), name)])

    assert said == in_input("options/0", f"missing required field: {name}")


@pytest.mark.parametrize(
    ("name", "text", "message", "inside"),
    [
        ("title", plain("x" * 101), too_long(100), "text"),
        ("title", marked(), "unsupported type: mrkdwn", "type"),
        ("text", marked("x" * 301), too_long(300), "text"),
        ("confirm", plain("x" * 31), too_long(30), "text"),
        ("deny", plain("x" * 31), too_long(30), "text"),
        ("deny", marked(), "unsupported type: mrkdwn", "type"),
    ],
)
def test_a_confirmation_is_short(name: str, text: Json, message: str, inside: str) -> None:
    said = said_of_message(actions(button(confirm={**confirm(), name: text})))

    assert said == text_at(f"{IN_ACTIONS}/confirm/{name}", message, inside=inside)


def test_a_confirmation_has_one_of_two_styles() -> None:
    said = said_of_message(actions(button(confirm={**confirm(), "style": "loud"})))

    assert said == at(f"{IN_ACTIONS}/confirm/style", "must be a valid enum value")


@pytest.mark.parametrize("name", ["title", "text", "confirm", "deny"])
def test_a_confirmation_has_all_its_words(name: str) -> None:
    said = said_of_message(actions(button(confirm=without(confirm(), name))))

    assert said == at(f"{IN_ACTIONS}/confirm", f"missing required field: {name}")
