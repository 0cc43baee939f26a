"""Blocks as Slack stores them, with the ids and defaults that the app omitted."""

import copy
import re
import secrets
import string
from collections.abc import Iterable

from sandbox.slack.content.mrkdwn import unescape
from sandbox.slack.primitives.json_types import Json, get_path

_ID_CHARACTERS = string.ascii_letters + string.digits + "+/"
_MENTION = re.compile(r"(<@[UW][A-Z0-9]+>)")


def _short_id() -> str:
    return "".join(secrets.choice(_ID_CHARACTERS) for _ in range(5))


def with_ids_and_defaults(blocks: Iterable[Json]) -> list[Json]:
    """Return a deep copy with block ids, action ids and the defaults of each text."""
    return [_complete_block(copy.deepcopy(block)) for block in blocks]


def _complete_block(block: Json) -> Json:
    block.setdefault("block_id", _short_id())
    _complete_texts(block)
    if block.get("type") == "input":
        block.setdefault("optional", False)
        block.setdefault("dispatch_action", False)
        block["element"].setdefault("action_id", _short_id())
    if block.get("type") == "actions":
        for element in block["elements"]:
            element.setdefault("action_id", _short_id())
    if get_path(block, "accessory", "type") not in (None, "image"):
        block["accessory"].setdefault("action_id", _short_id())
    return block


def _complete_texts(value: object) -> None:
    if isinstance(value, list):
        for item in value:
            _complete_texts(item)
    elif isinstance(value, dict):
        if isinstance(value.get("text"), str):
            if value.get("type") == "plain_text":
                value.setdefault("emoji", True)
            elif value.get("type") == "mrkdwn":
                value.setdefault("verbatim", False)
        for item in value.values():
            _complete_texts(item)


def to_rich_text_blocks(text: str) -> list[Json]:
    """Return typed text as the rich text block that a Slack client makes from it."""
    elements = [_to_rich_text_element(piece) for piece in _MENTION.split(text) if piece]
    section = {"type": "rich_text_section", "elements": elements}
    return [{"type": "rich_text", "block_id": _short_id(), "elements": [section]}]


def _to_rich_text_element(piece: str) -> Json:
    if _MENTION.fullmatch(piece):
        return {"type": "user", "user_id": piece[2:-1]}
    return {"type": "text", "text": unescape(piece)}
