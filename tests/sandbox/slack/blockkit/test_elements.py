"""Rules for each input element: its properties, their limits and their combinations."""

import pytest

from sandbox.slack.blockkit import check_view
from tests.sandbox.slack.blockkit.sample_blocks import (
    ELEMENTS,
    EMPTY_MESSAGE,
    INPUT_POINTER,
    NO_ITEMS_MESSAGE,
    Json,
    confirm,
    element,
    element_problems,
    input_block,
    input_problems,
    lines_at,
    lines_in_input,
    modal,
    mrkdwn,
    option,
    option_group,
    options,
    plain_text,
    text_lines_at,
    too_long_message,
    too_many_message,
)

TWICE = "Input contains duplicate items"
NOT_OFFERED = "must be one of the provided options"
CLICKED = ("button", "overflow")
INPUTS = [kind for kind in ELEMENTS if kind not in (*CLICKED, "image")]
FOCUSABLE = [kind for kind in INPUTS if kind != "file_input"]
HINTED = [
    kind for kind in FOCUSABLE if kind not in ("checkboxes", "radio_buttons", "datetimepicker")
]
TYPED = [kind for kind in INPUTS if kind.endswith("_input") and kind != "file_input"]
CONFIRMED = [kind for kind in FOCUSABLE if kind not in TYPED]
MULTI = [kind for kind in INPUTS if kind.startswith("multi_")]


@pytest.mark.parametrize("kind", INPUTS)
def test_smallest_input_is_accepted(kind: str) -> None:
    assert check_view(modal(input_block(element(kind, action_id="a" * 255)))) == []


@pytest.mark.parametrize("kind", INPUTS)
@pytest.mark.parametrize(
    ("action_id", "message"),
    [("a" * 256, too_long_message(255)), ("", EMPTY_MESSAGE), (1, "must provide a string")],
)
def test_invalid_action_id_is_refused(kind: str, action_id: object, message: str) -> None:
    assert element_problems(kind, action_id=action_id) == lines_in_input("action_id", message)


@pytest.mark.parametrize("kind", INPUTS)
def test_unknown_input_property_is_refused(kind: str) -> None:
    # A block_id belongs to the block; on an element it is unknown too.
    assert element_problems(kind, block_id="b") == lines_at(
        INPUT_POINTER, "invalid additional property: block_id"
    )


@pytest.mark.parametrize("kind", HINTED)
def test_placeholder_is_plain_text_of_150_characters(kind: str) -> None:
    pointer = f"{INPUT_POINTER}/placeholder"

    assert element_problems(kind, placeholder=plain_text("x" * 150)) == []
    assert element_problems(kind, placeholder=plain_text("x" * 151)) == text_lines_at(
        pointer, too_long_message(150)
    )
    assert element_problems(kind, placeholder=mrkdwn()) == text_lines_at(
        pointer, "unsupported type: mrkdwn", inside="type"
    )


@pytest.mark.parametrize("kind", sorted(set(INPUTS) - set(HINTED)))
def test_placeholder_is_refused_on_elements_that_show_none(kind: str) -> None:
    assert element_problems(kind, placeholder=plain_text()) == lines_at(
        INPUT_POINTER, "invalid additional property: placeholder"
    )


@pytest.mark.parametrize("kind", FOCUSABLE)
def test_focus_on_load_is_a_boolean(kind: str) -> None:
    assert element_problems(kind, focus_on_load=True) == []
    assert element_problems(kind, focus_on_load="yes") == lines_in_input(
        "focus_on_load", "must be a boolean"
    )


@pytest.mark.parametrize("kind", CONFIRMED)
def test_choice_element_accepts_a_confirmation(kind: str) -> None:
    assert element_problems(kind, confirm=confirm()) == []


@pytest.mark.parametrize("kind", TYPED)
def test_dispatch_config_names_valid_distinct_triggers(kind: str) -> None:
    both = {"trigger_actions_on": ["on_enter_pressed", "on_character_entered"]}
    pointer = "dispatch_action_config/trigger_actions_on"

    assert element_problems(kind, dispatch_action_config=both) == []
    assert element_problems(
        kind, dispatch_action_config={"trigger_actions_on": []}
    ) == lines_in_input(pointer, NO_ITEMS_MESSAGE)
    assert element_problems(
        kind, dispatch_action_config={"trigger_actions_on": ["on_blur"]}
    ) == lines_in_input(f"{pointer}/0", "must be a valid enum value")
    assert element_problems(kind, dispatch_action_config={"trigger_actions_on": ["on_blur"] * 2})[
        -1:
    ] == (lines_in_input(pointer, TWICE))
    assert element_problems(kind, dispatch_action_config={}) == lines_in_input(
        "dispatch_action_config", "missing required field: trigger_actions_on"
    )


@pytest.mark.parametrize("kind", MULTI)
def test_max_selected_items_is_at_least_one(kind: str) -> None:
    assert element_problems(kind, max_selected_items=1) == []
    assert element_problems(kind, max_selected_items=0) == lines_in_input(
        "max_selected_items", "must be greater than 1"
    )


@pytest.mark.parametrize(
    ("kind", "own", "name", "message"),
    [
        (
            "static_select",
            {"options": options(2), "option_groups": [option_group(option())]},
            "",
            "invalid additional property: option_groups",
        ),
        ("static_select", {"options": []}, "options", NO_ITEMS_MESSAGE),
        ("static_select", {"options": options(101)}, "options", too_many_message(100)),
        ("static_select", {"initial_option": option("Two")}, "initial_option", NOT_OFFERED),
        ("static_select", {"initial_option": None}, "initial_option", "must provide an object"),
        ("multi_static_select", {"options": []}, "options", NO_ITEMS_MESSAGE),
        ("multi_static_select", {"options": options(101)}, "options", too_many_message(100)),
        ("multi_static_select", {"initial_options": []}, "initial_options", NOT_OFFERED),
        (
            "multi_static_select",
            {"initial_options": [option(), option("Two")]},
            "initial_options",
            NOT_OFFERED,
        ),
        (
            "multi_static_select",
            {"options": options(3), "initial_options": options(3), "max_selected_items": 2},
            "initial_options",
            too_many_message(2),
        ),
        ("external_select", {"min_query_length": -1}, "min_query_length", "must be greater than 0"),
        ("external_select", {"options": options(1)}, "", "invalid additional property: options"),
        ("multi_external_select", {"initial_options": []}, "initial_options", NO_ITEMS_MESSAGE),
        ("users_select", {"initial_user": ""}, "initial_user", EMPTY_MESSAGE),
        (
            "users_select",
            {"initial_users": ["U1"]},
            "",
            "invalid additional property: initial_users",
        ),
        ("multi_users_select", {"initial_users": "U1"}, "initial_users", "must provide an array"),
        (
            "multi_users_select",
            {"initial_users": ["U1", "U2"], "max_selected_items": 1},
            "initial_users",
            too_many_message(1),
        ),
        ("channels_select", {"initial_channel": 1}, "initial_channel", "must provide a string"),
        ("conversations_select", {"filter": {}}, "filter", "must have minimum 1 properties"),
        (
            "conversations_select",
            {"filter": {"include": ["dm"]}},
            "filter/include/0",
            "must be a valid enum value",
        ),
        ("conversations_select", {"filter": {"include": []}}, "filter/include", NO_ITEMS_MESSAGE),
        ("conversations_select", {"filter": {"include": ["im", "im"]}}, "filter/include", TWICE),
        ("multi_users_select", {"initial_users": []}, "initial_users", NO_ITEMS_MESSAGE),
        ("multi_channels_select", {"initial_channels": []}, "initial_channels", NO_ITEMS_MESSAGE),
        (
            "multi_conversations_select",
            {"initial_conversations": []},
            "initial_conversations",
            NO_ITEMS_MESSAGE,
        ),
        ("static_select", {"option_groups": []}, "option_groups", NO_ITEMS_MESSAGE),
        ("checkboxes", {"options": []}, "options", NO_ITEMS_MESSAGE),
        ("checkboxes", {"options": options(11)}, "options", too_many_message(10)),
        ("checkboxes", {"initial_options": []}, "initial_options", NOT_OFFERED),
        ("checkboxes", {"initial_options": [option("Two")]}, "initial_options", NOT_OFFERED),
        ("radio_buttons", {"options": []}, "options", NO_ITEMS_MESSAGE),
        ("radio_buttons", {"options": options(11)}, "options", too_many_message(10)),
        ("radio_buttons", {"initial_option": option("Two")}, "initial_option", NOT_OFFERED),
        ("timepicker", {"timezone": ""}, "timezone", EMPTY_MESSAGE),
    ],
)
def test_invalid_input_is_refused(kind: str, own: Json, name: str, message: str) -> None:
    assert element_problems(kind, **own) == lines_in_input(name, message)


def test_select_without_options_or_groups_is_refused() -> None:
    for kind in ("static_select", "multi_static_select"):
        assert input_problems({"type": kind}) == lines_at(
            INPUT_POINTER, "missing required field: options"
        )


@pytest.mark.parametrize(
    ("kind", "own"),
    [
        ("static_select", {"options": options(100), "initial_option": options(100)[-1]}),
        ("static_select", {"initial_option": option(), "confirm": confirm()}),
        ("multi_static_select", {"options": options(2), "initial_options": options(2)}),
        ("external_select", {"min_query_length": 0, "initial_option": option()}),
        ("multi_external_select", {"initial_options": [option()], "max_selected_items": 1}),
        ("users_select", {"initial_user": "U1"}),
        ("multi_users_select", {"initial_users": ["U1", "U2"], "max_selected_items": 2}),
        ("channels_select", {"initial_channel": "C1", "response_url_enabled": True}),
        ("conversations_select", {"response_url_enabled": True}),
        ("conversations_select", {"filter": {"include": ["im", "mpim", "private", "public"]}}),
        ("multi_conversations_select", {"initial_conversations": ["C1"]}),
        ("multi_external_select", {"min_query_length": 3}),
        ("multi_channels_select", {"initial_channels": ["C1"]}),
        (
            "conversations_select",
            {"default_to_current_conversation": True, "initial_conversation": "C1"},
        ),
        (
            "multi_conversations_select",
            {"filter": {"exclude_bot_users": True, "exclude_external_shared_channels": True}},
        ),
        ("checkboxes", {"options": options(10), "initial_options": options(2)}),
        (
            "radio_buttons",
            {"options": [{"text": mrkdwn(), "value": "v", "description": mrkdwn()}]},
        ),
        ("datepicker", {"initial_date": "2028-02-29"}),
        ("timepicker", {"initial_time": "23:59", "timezone": "Europe/Berlin"}),
        ("datetimepicker", {"initial_date_time": 1_700_000_000}),
    ],
)
def test_valid_input_is_accepted(kind: str, own: Json) -> None:
    assert element_problems(kind, **own) == []
