"""The call of a Web API method, with its arguments and the workspace's state."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sandbox.slack.entities.channels import Channel, ChannelKind
from sandbox.slack.messaging.message_draft import parse_json_value
from sandbox.slack.primitives.errors import SlackError, invalid_arguments
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.state.credentials import TokenKind
from sandbox.slack.state.rate_limits import Tier
from sandbox.slack.state.workspace_state import WorkspaceState

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class MethodCall:
    """The input of a method's function: workspace state, arguments and token."""

    state: WorkspaceState
    args: Json
    token: str

    def text(self, name: str) -> str:
        value = self.args.get(name)
        return "" if value is None else str(value)

    def flag(self, name: str) -> bool:
        return str(self.args.get(name, "")).lower() in ("true", "1")

    def number(self, name: str, default: int, *, error: str, maximum: int = 1000) -> int:
        raw = self.text(name)
        if not raw:
            return default
        if not raw.isdecimal() or not 0 < int(raw) <= maximum:
            raise SlackError(error)
        return int(raw)

    def json_object(self, name: str) -> Json:
        value = parse_json_value(self.args.get(name), error="invalid_arguments")
        if not isinstance(value, dict):
            raise invalid_arguments([f"must be a valid JSON object [json-pointer:/{name}]"])
        return value

    def require_scope(self, scope: str) -> None:
        """Raise missing_scope unless the app has a scope that depends on the arguments."""
        granted = self.state.manifest.bot_scopes
        if scope not in granted:
            raise missing_scope_error([scope], granted)

    def channel(self, name: str = "channel", *, action: str = "") -> Channel:
        """Return the conversation if the app may see it.

        Args:
            action: the part of the required scope after the colon, such as "history".

        Raises:
            SlackError: channel_not_found or missing_scope.
        """
        channel = self.state.channels.find(self.text(name))
        if channel is None:
            raise SlackError("channel_not_found")
        if channel.is_private and self.state.app.bot_user_id not in channel.members:
            raise SlackError("channel_not_found")
        if action:
            self.require_scope(f"{channel.kind.scope_prefix}:{action}")
        return channel

    def page(
        self, items: list[T], *, default: int = 100, limit_error: str = "invalid_limit"
    ) -> tuple[list[T], Json]:
        """Return one page, and the response_metadata with the cursor of the next page."""
        start = self._cursor_offset()
        size = self.number("limit", default, error=limit_error)
        end = start + size
        cursor = base64.b64encode(f"next:{end}".encode()).decode() if end < len(items) else ""
        return items[start:end], {"next_cursor": cursor}

    def _cursor_offset(self) -> int:
        raw = self.text("cursor")
        if not raw:
            return 0
        try:
            kind, _, offset = base64.b64decode(raw, validate=True).decode().partition(":")
            if kind == "next":
                return int(offset)
        except (binascii.Error, UnicodeDecodeError, ValueError):
            pass
        raise SlackError("invalid_cursor")


@dataclass(frozen=True, slots=True)
class Method:
    """One row of the method table: the function and its requirements."""

    name: str
    run: Callable[[MethodCall], Json]
    tier: Tier
    required_arguments: tuple[str, ...] = ()
    # Any one of these is enough here; the function checks the scope of the conversation's kind.
    scopes: tuple[str, ...] = ()
    errors: frozenset[str] = field(default_factory=frozenset)
    token_kind: TokenKind | None = TokenKind.BOT
    # Most methods answer a missing argument with invalid_arguments; some have their own error.
    missing_argument_error: str = "invalid_arguments"


def to_error_names(text: str) -> frozenset[str]:
    return frozenset(text.split())


def missing_scope_error(needed: list[str], granted: frozenset[str]) -> SlackError:
    return SlackError("missing_scope", needed=",".join(needed), provided=",".join(sorted(granted)))


def conversation_scopes(action: str) -> tuple[str, ...]:
    """Return the scopes of all kinds of conversation: channels:read, groups:read, …"""
    return tuple(f"{kind.scope_prefix}:{action}" for kind in ChannelKind)
