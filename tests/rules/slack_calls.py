"""The parts of Slack that the code uses: Web API methods, commands, shortcuts and events."""

import ast
import inspect
from collections.abc import Iterator
from typing import Any

import yaml
from slack_sdk.web.async_client import AsyncWebClient

from tests.project import ROOT
from tests.rules.source_files import source_files

MANIFEST: dict[str, Any] = yaml.safe_load((ROOT / "manifest.yml").read_text(encoding="utf-8"))


def called_methods() -> set[str]:
    """Return the Web API methods that the code calls, by Slack's names: "chat.postMessage"."""
    return {
        _slack_name(node.attr)
        for source in source_files("bot", "jobs", "models")
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Attribute) and _is_slack_method(node.attr)
    }


def registered_names(kind: str) -> set[str]:
    """Return the names in the bot's registrations: `app.command("/ticket")` is a "command"."""
    return {
        str(argument.value)
        for node, argument in _registrations()
        if node.attr == kind and isinstance(argument, ast.Constant)
    }


def non_literal_registrations() -> set[str]:
    """Return registrations without a literal name, which no test can compare to the manifest."""
    kinds = {"command", "event", "shortcut", "global_shortcut", "message_shortcut"}
    return {
        ast.unparse(argument)
        for node, argument in _registrations()
        if node.attr in kinds and not isinstance(argument, ast.Constant)
    }


def _registrations() -> Iterator[tuple[ast.Attribute, ast.expr]]:
    for source in source_files("bot"):
        for node in ast.walk(source.tree):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            function = node.func
            if isinstance(function, ast.Attribute) and ast.unparse(function.value) == "app":
                yield function, node.args[0]


def _is_slack_method(name: str) -> bool:
    method = getattr(AsyncWebClient, name, None)
    return "_" in name.strip("_") and name != "api_call" and inspect.iscoroutinefunction(method)


def _slack_name(python_name: str) -> str:
    """Return Slack's name: `users_info` is users.info, `chat_postMessage` chat.postMessage."""
    return python_name.replace("_", ".")
