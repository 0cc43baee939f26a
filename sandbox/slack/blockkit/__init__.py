"""Slack's rules for Block Kit, and the problems it reports for messages and views."""

from sandbox.slack.blockkit.problems import Problem
from sandbox.slack.blockkit.surfaces import (
    MAX_MESSAGE_CHARACTERS,
    MAX_VIEW_BYTES,
    check_message,
    check_view,
    count_characters,
)

__all__ = [
    "MAX_MESSAGE_CHARACTERS",
    "MAX_VIEW_BYTES",
    "Problem",
    "check_message",
    "check_view",
    "count_characters",
]
