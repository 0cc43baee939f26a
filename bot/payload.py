"""The payloads of Slack: their type, and the value of a click."""

from typing import Any

Payload = dict[str, Any]
"""The body of a request from Slack, or a part of it: a command, an action, a submitted form."""


def action_value(body: Payload) -> str:
    """The value of the button pressed, or of the option or person picked; empty if there is none.

    A person may empty a menu: then nothing is picked.
    """
    action = body["actions"][0]
    option = action.get("selected_option") or {}
    return str(action.get("value") or option.get("value") or action.get("selected_user") or "")
