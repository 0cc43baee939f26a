"""An app's manifest: Slack's checks of it, and the settings that the workspace reads from it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import yaml

from sandbox.slack.app_manifest.manifest_schema import MANIFEST_SCHEMA
from sandbox.slack.app_manifest.scopes import KNOWN_BOT_SCOPES, SCOPES_FOR_EVENT
from sandbox.slack.blockkit.problems import Problem
from sandbox.slack.blockkit.schema_rules import string

# Slack's schema requires only the slash; Slack's form also refuses spaces and capitals.
_COMMAND_NAME_RULE = string(pattern=r"^\/[^\sA-Z]+$")


class ManifestError(Exception):
    """Slack would refuse this manifest."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


@dataclass(frozen=True, slots=True)
class SlashCommand:
    command: str
    description: str
    usage_hint: str
    should_escape: bool


@dataclass(frozen=True, slots=True)
class Shortcut:
    name: str
    type: str
    callback_id: str
    description: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """The settings of an installed app, as its manifest defines them."""

    name: str
    bot_name: str
    bot_scopes: frozenset[str]
    commands: tuple[SlashCommand, ...]
    shortcuts: tuple[Shortcut, ...]
    bot_events: frozenset[str]
    interactivity: bool
    socket_mode: bool
    home_tab: bool
    messages_tab: bool
    messages_tab_read_only: bool
    has_options_load_url: bool


def load_manifest(path: Path) -> Manifest:
    """Read and check a manifest file.

    Raises:
        ManifestError: Slack would refuse the manifest; the error lists all problems.
    """
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ManifestError([Problem(f"must be YAML or JSON: {error}", "")]) from error
    if problems := check_manifest(raw):
        raise ManifestError(problems)
    return _to_manifest(_ManifestParts(raw))


def check_manifest(raw: Mapping[str, object]) -> list[Problem]:
    """Return Slack's `invalid_manifest` problems: of the schema or, if none, of the meaning."""
    if problems := list(MANIFEST_SCHEMA(raw, "")):
        return problems
    parts = _ManifestParts(raw)
    return list(chain.from_iterable(check(parts) for check in _SEMANTIC_CHECKS))


class _ManifestParts:
    """The parts of a manifest with a valid schema; omitted parts are empty."""

    def __init__(self, raw: Mapping[str, Any]) -> None:
        features, settings = raw.get("features", {}), raw.get("settings", {})
        self.name: str = raw["display_information"]["name"]
        self.commands: list[dict[str, Any]] = features.get("slash_commands", [])
        self.shortcuts: list[dict[str, Any]] = features.get("shortcuts", [])
        self.bot_user: dict[str, Any] = features.get("bot_user", {})
        self.app_home: dict[str, bool] = features.get("app_home", {})
        self.scopes: list[str] = raw.get("oauth_config", {}).get("scopes", {}).get("bot", [])
        self.subscriptions: dict[str, Any] = settings.get("event_subscriptions", {})
        self.events: list[str] = self.subscriptions.get("bot_events", [])
        self.interactivity: dict[str, Any] = settings.get("interactivity", {"is_enabled": False})
        self.socket_mode: bool = settings.get("socket_mode_enabled", False)


def _to_manifest(parts: _ManifestParts) -> Manifest:
    home = parts.app_home
    return Manifest(
        name=parts.name,
        bot_name=parts.bot_user.get("display_name", parts.name),
        bot_scopes=frozenset(parts.scopes),
        commands=tuple(_to_command(command) for command in parts.commands),
        shortcuts=tuple(Shortcut(**shortcut) for shortcut in parts.shortcuts),
        bot_events=frozenset(parts.events),
        interactivity=parts.interactivity["is_enabled"],
        socket_mode=parts.socket_mode,
        # Slack's defaults for an app without `app_home` (manifest-schema, v2 example).
        home_tab=home.get("home_tab_enabled", False),
        messages_tab=home.get("messages_tab_enabled", True),
        messages_tab_read_only=home.get("messages_tab_read_only_enabled", True),
        has_options_load_url=parts.socket_mode or "message_menu_options_url" in parts.interactivity,
    )


def _to_command(raw: Mapping[str, Any]) -> SlashCommand:
    return SlashCommand(
        command=raw["command"],
        description=raw["description"],
        usage_hint=raw.get("usage_hint", ""),
        should_escape=raw.get("should_escape", False),
    )


def _check_scope_names(parts: _ManifestParts) -> Iterator[Problem]:
    for index, scope in enumerate(parts.scopes):
        if scope not in KNOWN_BOT_SCOPES:
            yield Problem(f"unknown scope: {scope}", f"/oauth_config/scopes/bot/{index}")


def _check_bot_user(parts: _ManifestParts) -> Iterator[Problem]:
    if parts.scopes and not parts.bot_user:
        yield Problem("bot scopes require a `bot_user`", "/oauth_config/scopes/bot")


def _check_event_scopes(parts: _ManifestParts) -> Iterator[Problem]:
    for index, event in enumerate(parts.events):
        pointer = f"/settings/event_subscriptions/bot_events/{index}"
        if event not in SCOPES_FOR_EVENT:
            yield Problem(f"unknown event: {event}", pointer)
        elif (sufficient := SCOPES_FOR_EVENT[event]) and not sufficient & set(parts.scopes):
            yield Problem(f"{event} requires scope: {' or '.join(sorted(sufficient))}", pointer)


def _check_event_request_url(parts: _ManifestParts) -> Iterator[Problem]:
    if parts.subscriptions and not parts.socket_mode and "request_url" not in parts.subscriptions:
        # This text is from Slack's example answer to apps.manifest.validate.
        yield Problem(
            "Event Subscription requires either Request URL or Socket Mode Enabled",
            "/settings/event_subscriptions",
        )


def _check_interactivity_request_url(parts: _ManifestParts) -> Iterator[Problem]:
    is_enabled = parts.interactivity["is_enabled"]
    if is_enabled and not parts.socket_mode and "request_url" not in parts.interactivity:
        # The same example has both texts, with this spelling.
        yield Problem("Interactivty requires a Request URL", "/settings/interactivity")
        yield Problem("Interactivity requires Socket Mode enabled", "/settings/interactivity")


def _check_command_urls(parts: _ManifestParts) -> Iterator[Problem]:
    for index, command in enumerate(parts.commands):
        if not parts.socket_mode and "url" not in command:
            yield Problem(
                "Slash Command requires either Request URL or Socket Mode Enabled",
                f"/features/slash_commands/{index}",
            )


def _check_command_names(parts: _ManifestParts) -> Iterator[Problem]:
    for index, command in enumerate(parts.commands):
        yield from _COMMAND_NAME_RULE(
            command["command"], f"/features/slash_commands/{index}/command"
        )
    if _has_duplicates(command["command"] for command in parts.commands):
        yield Problem("Input contains duplicate items", "/features/slash_commands")


def _check_shortcut_ids(parts: _ManifestParts) -> Iterator[Problem]:
    if _has_duplicates((s["type"], s["callback_id"]) for s in parts.shortcuts):
        yield Problem("Input contains duplicate items", "/features/shortcuts")


def _check_shortcut_interactivity(parts: _ManifestParts) -> Iterator[Problem]:
    if parts.shortcuts and not parts.interactivity["is_enabled"]:
        yield Problem("Shortcuts require Interactivity enabled", "/features/shortcuts")


def _check_commands_scope(parts: _ManifestParts) -> Iterator[Problem]:
    for name, features in (("slash_commands", parts.commands), ("shortcuts", parts.shortcuts)):
        if features and "commands" not in parts.scopes:
            yield Problem(f"{name} requires scope: commands", f"/features/{name}")


def _has_duplicates(values: Iterable[object]) -> bool:
    items = list(values)
    return len(set(items)) < len(items)


# Texts without a named source are ours: Slack does not publish its own.
_SEMANTIC_CHECKS = (
    _check_scope_names,
    _check_bot_user,
    _check_event_scopes,
    _check_event_request_url,
    _check_interactivity_request_url,
    _check_command_urls,
    _check_command_names,
    _check_shortcut_ids,
    _check_shortcut_interactivity,
    _check_commands_scope,
)
