"""manifest.yml asks for exactly the commands, events and scopes that the code uses."""

from tests.rules.slack_calls import (
    MANIFEST,
    called_methods,
    non_literal_registrations,
    registered_names,
)

# The bot scopes of each method: https://docs.slack.dev/reference/methods
SCOPES = {
    # Needs connections:write, a scope of the app-level token.
    "apps.connections.open": set(),
    "auth.test": set(),
    "chat.postMessage": {"chat:write"},
    "chat.delete": {"chat:write"},
    "chat.update": {"chat:write"},
    "conversations.history": {"im:history"},
    "conversations.open": {"im:write"},
    "usergroups.list": {"usergroups:read"},
    "usergroups.users.list": {"usergroups:read"},
    # users:read.email adds the e-mail address.
    "users.info": {"users:read", "users:read.email"},
    "views.open": set(),
    "views.push": set(),
    "views.update": set(),
}


def test_commands_have_listeners() -> None:
    commands = {entry["command"] for entry in MANIFEST["features"]["slash_commands"]}

    assert commands == registered_names("command")


def test_shortcuts_have_listeners() -> None:
    shortcuts = {entry["callback_id"] for entry in MANIFEST["features"].get("shortcuts", [])}

    assert shortcuts == {
        callback_id
        for kind in ("shortcut", "global_shortcut", "message_shortcut")
        for callback_id in registered_names(kind)
    }


def test_events_have_listeners() -> None:
    subscribed = MANIFEST["settings"].get("event_subscriptions", {}).get("bot_events", [])

    # `message.im` arrives as the event `message`.
    assert {name.partition(".")[0] for name in subscribed} == registered_names("event")


def test_registrations_use_literal_names() -> None:
    assert non_literal_registrations() == set()


def test_scopes_of_each_called_method_are_known() -> None:
    assert called_methods() - SCOPES.keys() == set()


def test_scopes_are_those_the_code_needs() -> None:
    needed = {scope for method in called_methods() for scope in SCOPES.get(method, set())}
    if registered_names("command"):
        needed.add("commands")

    assert set(MANIFEST["oauth_config"]["scopes"]["bot"]) == needed
