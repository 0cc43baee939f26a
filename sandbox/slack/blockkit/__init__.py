"""Slack's rules for Block Kit: which messages and views it would refuse, and how."""

from sandbox.slack.blockkit.problems import Problem
from sandbox.slack.blockkit.surfaces import (
    MESSAGE_CHARACTERS,
    VIEW_BYTES,
    characters_in,
    check_message,
    check_view,
)

__all__ = [
    "MESSAGE_CHARACTERS",
    "VIEW_BYTES",
    "Problem",
    "characters_in",
    "check_message",
    "check_view",
]
