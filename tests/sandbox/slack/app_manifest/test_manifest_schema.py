"""The problems that Slack reports for an app's manifest."""

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
MANIFEST: Json = {
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


def with_value(path: str, value: object) -> Json:
    """Return a copy of the manifest with another value at this path."""
    manifest = copy.deepcopy(MANIFEST)
    *parent_keys, last_key = [int(key) if key.isdigit() else key for key in path.split("/")]
    parent: Any = manifest
    for key in parent_keys:
        parent = parent[key]
    parent[last_key] = value
    return manifest


def without_socket_mode(**urls: str) -> Json:
    """Return the manifest without Socket Mode, with these request URLs."""
    manifest = with_value("settings/socket_mode_enabled", False)
    for feature, url in urls.items():
        section = {
            "events": manifest["settings"]["event_subscriptions"],
            "actions": manifest["settings"]["interactivity"],
            "command": manifest["features"]["slash_commands"][0],
        }[feature]
        section["url" if feature == "command" else "request_url"] = url
    return manifest


def problems(manifest: Json) -> list[tuple[str, str]]:
    return [(problem.pointer, problem.message) for problem in check_manifest(manifest)]


def test_full_manifest_is_accepted() -> None:
    assert check_manifest(MANIFEST) == []


def test_minimal_manifest_is_accepted() -> None:
    assert check_manifest({"display_information": {"name": "Errand"}}) == []


def too_long(max_length: int) -> str:
    return f"must be less than {max_length + 1} characters"


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
def test_invalid_value_is_refused(path: str, value: object, message: str) -> None:
    assert problems(with_value(path, value)) == [(f"/{path}", message)]


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
def test_unknown_property_is_refused(path: str, pointer: str) -> None:
    assert problems(with_value(path, True)) == [(pointer, "invalid additional property: tea_time")]


@pytest.mark.parametrize("path", ["functions", "workflows", "features/functions"])
def test_sections_for_slack_hosted_apps_are_not_checked(path: str) -> None:
    assert problems(with_value(path, {"review": {"title": "Review"}})) == []


@pytest.mark.parametrize("name", ["name", "type", "callback_id", "description"])
def test_incomplete_shortcut_is_refused(name: str) -> None:
    shortcut = {key: value for key, value in SHORTCUT.items() if key != name}

    assert problems(with_value("features/shortcuts", [shortcut])) == [
        ("/features/shortcuts/0", f"missing required field: {name}")
    ]


@pytest.mark.parametrize("scope", ["chat:wirte", "admin", "chat.write", "identify"])
def test_unknown_scope_is_refused(scope: str) -> None:
    scopes = [*MANIFEST["oauth_config"]["scopes"]["bot"], scope]

    assert problems(with_value("oauth_config/scopes/bot", scopes)) == [
        ("/oauth_config/scopes/bot/3", f"unknown scope: {scope}")
    ]


def test_bot_scopes_need_a_bot_user() -> None:
    manifest = copy.deepcopy(MANIFEST)
    del manifest["features"]["bot_user"]

    assert problems(manifest) == [("/oauth_config/scopes/bot", "bot scopes require a `bot_user`")]


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
def test_event_without_its_scope_is_refused(event: str, message: str) -> None:
    assert problems(with_value("settings/event_subscriptions/bot_events", [event])) == [
        ("/settings/event_subscriptions/bot_events/0", message)
    ]


def test_event_needs_one_of_its_alternative_scopes() -> None:
    with_scope = with_value("settings/event_subscriptions/bot_events", ["member_joined_channel"])
    without_scope = copy.deepcopy(with_scope)
    without_scope["oauth_config"]["scopes"]["bot"].remove("channels:read")

    assert problems(with_scope) == []
    assert [message for _, message in problems(without_scope)] == [
        "member_joined_channel requires scope: channels:read or groups:read or mpim:read"
    ]


def test_scopes_of_events_are_known_scopes() -> None:
    assert frozenset().union(*SCOPES_FOR_EVENT.values()) <= KNOWN_BOT_SCOPES


URL_PROBLEMS = {
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


@pytest.mark.parametrize("omitted", URL_PROBLEMS)
def test_feature_needs_a_url_without_socket_mode(omitted: str) -> None:
    urls = {name: "https://example.com" for name in URL_PROBLEMS if name != omitted}

    assert problems(without_socket_mode(**urls)) == URL_PROBLEMS[omitted]


def test_manifest_with_urls_needs_no_socket_mode() -> None:
    assert problems(without_socket_mode(**dict.fromkeys(URL_PROBLEMS, "https://example.com"))) == []


def test_all_missing_urls_are_reported_at_once() -> None:
    assert problems(without_socket_mode()) == [
        line for lines in URL_PROBLEMS.values() for line in lines
    ]


@pytest.mark.parametrize("command", ["/my errand", "/Errand", "/errand\tnow"])
def test_command_with_spaces_or_capitals_is_refused(command: str) -> None:
    assert problems(with_value("features/slash_commands/0/command", command)) == [
        (
            "/features/slash_commands/0/command",
            r"input must match regex pattern: ^\/[^\sA-Z]+$",
        )
    ]


def test_duplicate_command_is_refused() -> None:
    assert problems(with_value("features/slash_commands", [COMMAND, COMMAND])) == [
        ("/features/slash_commands", "Input contains duplicate items")
    ]


def test_duplicate_shortcut_id_of_one_type_is_refused() -> None:
    other = {**SHORTCUT, "type": "message"}

    assert problems(with_value("features/shortcuts", [SHORTCUT, other])) == []
    assert problems(
        with_value("features/shortcuts", [SHORTCUT, {**SHORTCUT, "name": "Other"}])
    ) == [("/features/shortcuts", "Input contains duplicate items")]


@pytest.mark.parametrize("settings", [{}, {"interactivity": {"is_enabled": False}}])
def test_shortcuts_need_interactivity(settings: Json) -> None:
    manifest = with_value("settings", {"socket_mode_enabled": True, **settings})

    assert problems(manifest) == [
        ("/features/shortcuts", "Shortcuts require Interactivity enabled")
    ]


def test_commands_and_shortcuts_need_their_scope() -> None:
    assert problems(with_value("oauth_config/scopes/bot", ["channels:read"])) == [
        ("/features/slash_commands", "slash_commands requires scope: commands"),
        ("/features/shortcuts", "shortcuts requires scope: commands"),
    ]
