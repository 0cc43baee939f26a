"""Only the toolkit builds Block Kit by hand, and what Slack sends has one type."""

import ast
from collections.abc import Iterator
from typing import TypeGuard

from tests.rules.source_files import SourceFile, source_files

TOOLKIT = {
    "bot/ui/form_fields.py",
    "bot/ui/views.py",
    "models/messages/block_kit.py",
}
# `SlackClient` reads the answers of Slack.
PAYLOAD_OWNERS = {"bot/payload.py", "models/messages/slack_client.py"}
# Keys that only Block Kit has.
KEYS = {
    "accessory", "action_id", "block_id", "blocks", "callback_id", "confirm", "dispatch_action",
    "element", "elements", "initial_date", "initial_option", "initial_options", "initial_user",
    "initial_value", "option_groups", "placeholder", "private_metadata", "submit",
}  # fmt: skip
# The types of blocks and texts that may have none of these keys.
TYPES = {
    "context", "divider", "emoji", "header", "home", "image", "markdown", "modal", "mrkdwn",
    "plain_text", "rich_text", "section", "text", "user",
}  # fmt: skip
SLACK_FOLDERS = (
    "bot/admin/",
    "bot/events/",
    "bot/tickets/",
    "bot/ui/",
    "models/messages/",
)


def test_block_kit_is_built_in_the_toolkit_alone() -> None:
    sources = source_files("bot", "jobs", "models")
    by_hand = [
        f"{source.path}:{line}"
        for source in sources
        if source.path not in TOOLKIT
        for line in _block_kit_lines(source.tree)
    ]

    assert by_hand == []
    assert {source.path for source in sources if any(_block_kit_lines(source.tree))} == TOOLKIT


def test_parts_of_block_kit_and_payloads_have_names() -> None:
    """A `dict[str, Any]` says nothing: it is a `View`, a `Block`, an `Element` or a `Payload`."""
    unnamed = [
        f"{source.path}:{node.lineno}"
        for source in source_files("bot", "models/messages")
        if _speaks_with_slack(source) and source.path not in TOOLKIT | PAYLOAD_OWNERS
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Subscript) and ast.unparse(node) == "dict[str, Any]"
    ]

    assert unnamed == []


def _speaks_with_slack(source: SourceFile) -> bool:
    return source.path.startswith(SLACK_FOLDERS) or source.path.count("/") == 1


def _block_kit_lines(tree: ast.Module) -> Iterator[int]:
    """The lines that build a part of Block Kit, or change one."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            items = zip(map(_constant, node.keys), map(_constant, node.values), strict=True)
            if any(key in KEYS or (key == "type" and value in TYPES) for key, value in items):
                yield node.lineno
        elif _is_written_subscript(node) and _constant(node.slice) in KEYS:
            yield node.lineno


def _is_written_subscript(node: ast.AST) -> TypeGuard[ast.Subscript]:
    return isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store)


def _constant(node: ast.expr | None) -> object:
    return node.value if isinstance(node, ast.Constant) else None
