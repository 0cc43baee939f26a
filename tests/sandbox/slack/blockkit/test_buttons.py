"""Rules for buttons, overflow menus and image elements."""

import pytest

from sandbox.slack.blockkit import check_message
from tests.sandbox.slack.blockkit.sample_blocks import (
    EMPTY_MESSAGE,
    NO_ITEMS_MESSAGE,
    Json,
    actions,
    button,
    confirm,
    element,
    lines_at,
    message_problems,
    mrkdwn,
    option,
    options,
    plain_text,
    section,
    text_lines_at,
    too_long_message,
    too_many_message,
)

IN_ACTIONS = "/blocks/0/elements/0"


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({"text": plain_text("x" * 76)}, text_lines_at(f"{IN_ACTIONS}/text", too_long_message(75))),
        ({"text": plain_text("")}, text_lines_at(f"{IN_ACTIONS}/text", EMPTY_MESSAGE)),
        (
            {"text": mrkdwn()},
            text_lines_at(f"{IN_ACTIONS}/text", "unsupported type: mrkdwn", inside="type"),
        ),
        ({"value": "x" * 2001}, lines_at(f"{IN_ACTIONS}/value", too_long_message(2000))),
        ({"value": 7}, lines_at(f"{IN_ACTIONS}/value", "must provide a string")),
        (
            {"url": "https://x.de/" + "x" * 3000},
            lines_at(f"{IN_ACTIONS}/url", too_long_message(3000)),
        ),
        ({"url": "example"}, lines_at(f"{IN_ACTIONS}/url", "invalid url")),
        ({"style": "warning"}, lines_at(f"{IN_ACTIONS}/style", "must be a valid enum value")),
        ({"style": None}, lines_at(f"{IN_ACTIONS}/style", "must provide a string")),
        ({"action_id": "a" * 256}, lines_at(f"{IN_ACTIONS}/action_id", too_long_message(255))),
        ({"value": ""}, lines_at(f"{IN_ACTIONS}/value", EMPTY_MESSAGE)),
        ({"url": ""}, lines_at(f"{IN_ACTIONS}/url", EMPTY_MESSAGE)),
        ({"accessibility_label": ""}, lines_at(f"{IN_ACTIONS}/accessibility_label", EMPTY_MESSAGE)),
        (
            {"accessibility_label": "x" * 76},
            lines_at(f"{IN_ACTIONS}/accessibility_label", too_long_message(75)),
        ),
        ({"disabled": True}, lines_at(IN_ACTIONS, "invalid additional property: disabled")),
        (
            {"placeholder": plain_text()},
            lines_at(IN_ACTIONS, "invalid additional property: placeholder"),
        ),
    ],
)
def test_invalid_button_is_refused(own: Json, expected: list[str]) -> None:
    assert message_problems(actions(button(**own))) == expected


@pytest.mark.parametrize(
    "own",
    [
        {
            "text": plain_text("x" * 75),
            "value": "x" * 2000,
            "style": "primary",
            "confirm": confirm(),
        },
        {"url": "https://example.com", "accessibility_label": "x" * 75, "style": "danger"},
        {"url": "slack://user?team=T1&id=U1"},
    ],
)
def test_valid_button_is_accepted(own: Json) -> None:
    assert check_message([actions(button(**own))]) == []


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({"options": []}, lines_at(f"{IN_ACTIONS}/options", NO_ITEMS_MESSAGE)),
        ({"options": options(6)}, lines_at(f"{IN_ACTIONS}/options", too_many_message(5))),
        (
            {"focus_on_load": True},
            lines_at(IN_ACTIONS, "invalid additional property: focus_on_load"),
        ),
        (
            {"options": [{**option(), "url": "https://x.de/" + "🎟" * 3000}]},
            lines_at(f"{IN_ACTIONS}/options/0/url", too_long_message(3000)),
        ),
    ],
)
def test_invalid_overflow_menu_is_refused(own: Json, expected: list[str]) -> None:
    assert message_problems(actions(element("overflow", **own))) == expected


def test_overflow_menu_accepts_a_confirmation() -> None:
    assert check_message([actions(element("overflow", action_id="more", confirm=confirm()))]) == []


def test_overflow_options_accept_links() -> None:
    link = {**option(), "url": "https://example.com"}

    assert check_message([actions(element("overflow", options=[link] * 5))]) == []


def test_accessory_image_has_exactly_one_source() -> None:
    bare = {"type": "image", "alt_text": "A"}

    assert message_problems(section(accessory=bare)) == lines_at(
        "/blocks/0/accessory", "missing required field: image_url"
    )
    assert message_problems(
        section(accessory=element("image", slack_file={"id": "F1"}))
    ) == lines_at("/blocks/0/accessory", "invalid additional property: slack_file")
