"""What Slack refuses in an app's manifest."""

import copy
from typing import Any

import pytest

from sandbox.slack.app_manifest.manifest import check_manifest
from sandbox.slack.app_manifest.scopes import KNOWN_BOT_SCOPES, SCOPES_FOR_EVENT

Json = dict[str, Any]

SHORTCUT = {
    "name": "New errand",
    "type": "global",
    "callback_id": "new_errand",
    "description": "Opens the form",
}
COMMAND = {"command": "/errand", "description": "Fetch something"}
WHOLE: Json = {
    "display_information": {"name": "Errand", "description": "Fetches", "background_color": "#123"},
    "features": {
        "app_home": {"home_tab_enabled": True, "messages_tab_read_only_enabled": False},
        "bot_user": {"display_name": "Errand bot", "always_online": True},
        "shortcuts": [SHORTCUT],
        "slash_commands": [COMMAND],
    },
    "oauth_config": {"scopes": {"bot": ["commands", "chat:write", "channels:read"]}},
    "settings": {
        "event_subscriptions": {"bot_events": ["app_home_opened", "member_joined_channel"]},
        "interactivity": {"is_enabled": True},
        "socket_mode_enabled": True,
    },
}


def changed(path: str, value: object) -> Json:
    """A copy of the whole manifest in which this place holds something else."""
    manifest = copy.deepcopy(WHOLE)
    *way, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    place: Any = manifest
    for step in way:
        place = place[step]
    place[last] = value
    return manifest


def over_http(**urls: str) -> Json:
    """The whole manifest without Socket Mode, with these request URLs."""
    manifest = changed("settings/socket_mode_enabled", False)
    for place, url in urls.items():
        target = {
            "events": manifest["settings"]["event_subscriptions"],
            "actions": manifest["settings"]["interactivity"],
            "command": manifest["features"]["slash_commands"][0],
        }[place]
        target["url" if place == "command" else "request_url"] = url
    return manifest


def said(manifest: Json) -> list[tuple[str, str]]:
    return [(problem.pointer, problem.message) for problem in check_manifest(manifest)]


def test_slack_takes_the_whole_manifest() -> None:
    assert check_manifest(WHOLE) == []


def test_slack_takes_the_least_manifest() -> None:
    assert check_manifest({"display_information": {"name": "Errand"}}) == []


def too_long(most: int) -> str:
    return f"must be less than {most + 1} characters"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("display_information/name", "x" * 36, too_long(35)),
        ("display_information/name", "", "must be more than 0 characters"),
        ("display_information/description", "x" * 141, too_long(140)),
        ("display_information/long_description", "x" * 174, "must be more than 174 characters"),
        ("display_information/long_description", "x" * 4001, too_long(4000)),
        (
            "display_information/background_color",
            "blue",
            "input must match regex pattern: ^#[0-9a-fA-F]{3}([0-9a-fA-F]{3})?$",
        ),
        ("features/bot_user/display_name", "x" * 81, too_long(80)),
        ("features/slash_commands/0/command", "/" + "x" * 32, too_long(32)),
        ("features/slash_commands/0/command", "errand", r"input must match regex pattern: ^\/"),
        ("features/slash_commands/0/usage_hint", "x" * 1001, too_long(1000)),
        ("features/slash_commands/0/description", "", "must be more than 0 characters"),
        (
            "features/slash_commands/0/url",
            "example",
            r"input must match regex pattern: ^https?:\/\/",
        ),
        ("features/slash_commands/0/should_escape", "yes", "must be a boolean"),
        ("features/slash_commands", [COMMAND] * 51, "no more than 50 items allowed"),
        ("features/slash_commands", [], "must provide at least 1 items"),
        ("features/shortcuts/0/name", "x" * 25, too_long(24)),
        ("features/shortcuts/0/description", "x" * 151, too_long(150)),
        ("features/shortcuts/0/callback_id", "", "must be more than 0 characters"),
        ("features/shortcuts/0/callback_id", "x" * 256, too_long(255)),
        ("features/shortcuts/0/type", "channel", "must be a valid enum value"),
        ("features/shortcuts", [SHORTCUT] * 11, "no more than 10 items allowed"),
        ("oauth_config/scopes/bot", "commands", "must provide an array"),
        (
            "settings/event_subscriptions/bot_events",
            ["app_home_opened", "app_home_opened"],
            "Input contains duplicate items",
        ),
        ("settings/socket_mode_enabled", "true", "must be a boolean"),
    ],
)
def test_the_shape_is_slacks(path: str, value: object, message: str) -> None:
    assert said(changed(path, value)) == [(f"/{path}", message)]


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        ("tea_time", ""),
        ("features/tea_time", "/features"),
        ("features/slash_commands/0/tea_time", "/features/slash_commands/0"),
        ("settings/tea_time", "/settings"),
        ("oauth_config/scopes/tea_time", "/oauth_config/scopes"),
    ],
)
def test_there_is_no_room_for_words_of_ones_own(path: str, pointer: str) -> None:
    assert said(changed(path, True)) == [(pointer, "invalid additional property: tea_time")]


@pytest.mark.parametrize("path", ["functions", "workflows", "features/functions"])
def test_what_runs_at_slack_is_not_looked_into(path: str) -> None:
    assert said(changed(path, {"review": {"title": "Review"}})) == []


@pytest.mark.parametrize("name", ["name", "type", "callback_id", "description"])
def test_a_shortcut_is_complete(name: str) -> None:
    shortcut = {key: value for key, value in SHORTCUT.items() if key != name}

    assert said(changed("features/shortcuts", [shortcut])) == [
        ("/features/shortcuts/0", f"missing required field: {name}")
    ]


@pytest.mark.parametrize("scope", ["chat:wirte", "admin", "chat.write", "identify"])
def test_a_scope_is_one_that_slack_knows(scope: str) -> None:
    scopes = [*WHOLE["oauth_config"]["scopes"]["bot"], scope]

    assert said(changed("oauth_config/scopes/bot", scopes)) == [
        ("/oauth_config/scopes/bot/3", f"unknown scope: {scope}")
    ]


def test_bot_scopes_need_a_bot() -> None:
    manifest = copy.deepcopy(WHOLE)
    del manifest["features"]["bot_user"]

    assert said(manifest) == [("/oauth_config/scopes/bot", "bot scopes require a `bot_user`")]


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ("message.im", "message.im requires scope: im:history"),
        ("team_join", "team_join requires scope: users:read"),
        ("app_mention", "app_mention requires scope: app_mentions:read"),
        ("message", "unknown event: message"),
        ("messages.im", "unknown event: messages.im"),
    ],
)
def test_an_event_is_heard_only_with_its_scope(event: str, message: str) -> None:
    assert said(changed("settings/event_subscriptions/bot_events", [event])) == [
        ("/settings/event_subscriptions/bot_events/0", message)
    ]


def test_one_of_several_scopes_is_enough_for_an_event() -> None:
    heard = changed("settings/event_subscriptions/bot_events", ["member_joined_channel"])
    unheard = copy.deepcopy(heard)
    unheard["oauth_config"]["scopes"]["bot"].remove("channels:read")

    assert said(heard) == []
    assert [message for _, message in said(unheard)] == [
        "member_joined_channel requires scope: channels:read or groups:read or mpim:read"
    ]


def test_every_scope_that_an_event_needs_is_known() -> None:
    assert frozenset().union(*SCOPES_FOR_EVENT.values()) <= KNOWN_BOT_SCOPES


WITHOUT_A_WAY = {
    "events": [
        (
            "/settings/event_subscriptions",
            "Event Subscription requires either Request URL or Socket Mode Enabled",
        )
    ],
    "actions": [
        ("/settings/interactivity", "Interactivty requires a Request URL"),
        ("/settings/interactivity", "Interactivity requires Socket Mode enabled"),
    ],
    "command": [
        (
            "/features/slash_commands/0",
            "Slash Command requires either Request URL or Socket Mode Enabled",
        )
    ],
}


@pytest.mark.parametrize("forgotten", WITHOUT_A_WAY)
def test_without_socket_mode_everything_needs_a_url(forgotten: str) -> None:
    urls = {place: "https://example.com" for place in WITHOUT_A_WAY if place != forgotten}

    assert said(over_http(**urls)) == WITHOUT_A_WAY[forgotten]


def test_with_urls_nothing_needs_socket_mode() -> None:
    assert said(over_http(**dict.fromkeys(WITHOUT_A_WAY, "https://example.com"))) == []


def test_what_is_missing_is_said_all_at_once() -> None:
    assert said(over_http()) == [line for lines in WITHOUT_A_WAY.values() for line in lines]


@pytest.mark.parametrize("command", ["/my errand", "/Errand", "/errand\tnow"])
def test_a_command_can_be_typed(command: str) -> None:
    assert said(changed("features/slash_commands/0/command", command)) == [
        (
            "/features/slash_commands/0/command",
            r"input must match regex pattern: ^\/[^\sA-Z]+$",
        )
    ]


def test_a_command_is_there_once() -> None:
    assert said(changed("features/slash_commands", [COMMAND, COMMAND])) == [
        ("/features/slash_commands", "Input contains duplicate items")
    ]


def test_shortcuts_of_one_type_are_told_apart_by_callback_id() -> None:
    other = {**SHORTCUT, "type": "message"}

    assert said(changed("features/shortcuts", [SHORTCUT, other])) == []
    assert said(changed("features/shortcuts", [SHORTCUT, {**SHORTCUT, "name": "Other"}])) == [
        ("/features/shortcuts", "Input contains duplicate items")
    ]


@pytest.mark.parametrize("settings", [{}, {"interactivity": {"is_enabled": False}}])
def test_shortcuts_need_interactivity(settings: Json) -> None:
    manifest = changed("settings", {"socket_mode_enabled": True, **settings})

    assert said(manifest) == [("/features/shortcuts", "Shortcuts require Interactivity enabled")]


def test_commands_and_shortcuts_need_their_scope() -> None:
    assert said(changed("oauth_config/scopes/bot", ["channels:read"])) == [
        ("/features/slash_commands", "slash_commands requires scope: commands"),
        ("/features/shortcuts", "shortcuts requires scope: commands"),
    ]
