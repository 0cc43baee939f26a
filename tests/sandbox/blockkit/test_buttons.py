"""What is clicked or looked at: buttons, overflow menus, images."""

import pytest

from sandbox.slack.blockkit import check_message
from tests.sandbox.blockkit.samples import (
    EMPTY,
    NOTHING,
    Json,
    actions,
    at,
    button,
    confirm,
    element,
    marked,
    option,
    options,
    plain,
    said_of_message,
    section,
    text_at,
    too_long,
    too_many,
)

IN_ACTIONS = "/blocks/0/elements/0"


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"text": plain("x" * 76)}, text_at(f"{IN_ACTIONS}/text", too_long(75))),
        ({"text": plain("")}, text_at(f"{IN_ACTIONS}/text", EMPTY)),
        (
            {"text": marked()},
            text_at(f"{IN_ACTIONS}/text", "unsupported type: mrkdwn", inside="type"),
        ),
        ({"value": "x" * 2001}, at(f"{IN_ACTIONS}/value", too_long(2000))),
        ({"value": 7}, at(f"{IN_ACTIONS}/value", "must provide a string")),
        ({"url": "https://x.de/" + "x" * 3000}, at(f"{IN_ACTIONS}/url", too_long(3000))),
        ({"url": "example"}, at(f"{IN_ACTIONS}/url", "invalid url")),
        ({"style": "warning"}, at(f"{IN_ACTIONS}/style", "must be a valid enum value")),
        ({"style": None}, at(f"{IN_ACTIONS}/style", "must provide a string")),
        ({"action_id": "a" * 256}, at(f"{IN_ACTIONS}/action_id", too_long(255))),
        ({"value": ""}, at(f"{IN_ACTIONS}/value", EMPTY)),
        ({"url": ""}, at(f"{IN_ACTIONS}/url", EMPTY)),
        ({"accessibility_label": ""}, at(f"{IN_ACTIONS}/accessibility_label", EMPTY)),
        ({"accessibility_label": "x" * 76}, at(f"{IN_ACTIONS}/accessibility_label", too_long(75))),
        ({"disabled": True}, at(IN_ACTIONS, "invalid additional property: disabled")),
        ({"placeholder": plain()}, at(IN_ACTIONS, "invalid additional property: placeholder")),
    ],
)
def test_slack_refuses_the_button(own: Json, said: list[str]) -> None:
    assert said_of_message(actions(button(**own))) == said


@pytest.mark.parametrize(
    "own",
    [
        {"text": plain("x" * 75), "value": "x" * 2000, "style": "primary", "confirm": confirm()},
        {"url": "https://example.com", "accessibility_label": "x" * 75, "style": "danger"},
        {"url": "slack://user?team=T1&id=U1"},
    ],
)
def test_slack_takes_the_button(own: Json) -> None:
    assert check_message([actions(button(**own))]) == []


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"options": []}, at(f"{IN_ACTIONS}/options", NOTHING)),
        ({"options": options(6)}, at(f"{IN_ACTIONS}/options", too_many(5))),
        ({"focus_on_load": True}, at(IN_ACTIONS, "invalid additional property: focus_on_load")),
        (
            {"options": [{**option(), "url": "https://x.de/" + "🎟" * 3000}]},
            at(f"{IN_ACTIONS}/options/0/url", too_long(3000)),
        ),
    ],
)
def test_slack_refuses_the_overflow_menu(own: Json, said: list[str]) -> None:
    assert said_of_message(actions(element("overflow", **own))) == said


def test_an_overflow_menu_may_be_confirmed() -> None:
    assert check_message([actions(element("overflow", action_id="more", confirm=confirm()))]) == []


def test_only_an_overflow_menu_has_links() -> None:
    link = {**option(), "url": "https://example.com"}

    assert check_message([actions(element("overflow", options=[link] * 5))]) == []


def test_an_image_beside_a_text_names_one_source() -> None:
    bare = {"type": "image", "alt_text": "A"}

    assert said_of_message(section(accessory=bare)) == at(
        "/blocks/0/accessory", "missing required field: image_url"
    )
    assert said_of_message(section(accessory=element("image", slack_file={"id": "F1"}))) == at(
        "/blocks/0/accessory", "invalid additional property: slack_file"
    )
