"""manifest.yml asks for exactly what the code uses: no more, no less."""

import pytest

from tests.rules.slack_calls import (
    MANIFEST,
    called_methods,
    non_literal_registrations,
    registered_names,
)

# What each method needs: https://docs.slack.dev/reference/methods
SCOPES = {
    # Its scope, connections:write, is the app-level token's own.
    "apps.connections.open": set(),
    "auth.test": set(),
    "chat.postMessage": {"chat:write"},
    "chat.delete": {"chat:write"},
    "chat.update": {"chat:write"},
    "conversations.history": {"im:history"},
    "conversations.open": {"im:write"},
    "usergroups.list": {"usergroups:read"},
    "usergroups.users.list": {"usergroups:read"},
    # Without the second the answer has no e-mail address.
    "users.info": {"users:read", "users:read.email"},
    "views.open": set(),
    "views.push": set(),
    "views.update": set(),
}


def test_the_commands_are_those_the_bot_listens_to() -> None:
    commands = {each["command"] for each in MANIFEST["features"]["slash_commands"]}

    assert commands == registered_names("command")


def test_the_shortcuts_are_those_the_bot_listens_to() -> None:
    shortcuts = {each["callback_id"] for each in MANIFEST["features"].get("shortcuts", [])}

    assert shortcuts == {
        callback_id
        for kind in ("shortcut", "global_shortcut", "message_shortcut")
        for callback_id in registered_names(kind)
    }


def test_the_events_are_those_the_bot_listens_to() -> None:
    subscribed = MANIFEST["settings"].get("event_subscriptions", {}).get("bot_events", [])

    assert set(subscribed) == registered_names("event")


def test_every_registration_names_what_it_is_for() -> None:
    assert non_literal_registrations() == set()


@pytest.mark.parametrize("method", sorted(called_methods()))
def test_the_scopes_of_every_method_the_code_calls_are_known(method: str) -> None:
    assert method in SCOPES


def test_the_scopes_are_those_the_code_needs() -> None:
    needed = {scope for method in called_methods() for scope in SCOPES.get(method, set())}
    if registered_names("command"):
        needed.add("commands")

    assert set(MANIFEST["oauth_config"]["scopes"]["bot"]) == needed
