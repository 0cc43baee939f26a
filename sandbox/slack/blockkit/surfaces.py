"""Rules for messages, modals and Home tabs, including the rules across their blocks."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from sandbox.slack.blockkit.blocks import HOME_BLOCKS, MESSAGE_BLOCKS, MODAL_BLOCKS
from sandbox.slack.blockkit.objects import plain_text
from sandbox.slack.blockkit.problems import Problem
from sandbox.slack.blockkit.schema_rules import (
    array_of,
    boolean,
    object_by_type,
    object_with,
    report_object_first,
    string,
)

# Slack has its own errors beyond these two limits; the caller raises them.
# view_too_large (docs.slack.dev, views.open)
MAX_VIEW_BYTES = 250_000
# msg_blocks_too_long: undocumented, about this number (bolt-js#2509)
MAX_MESSAGE_CHARACTERS = 13_200
_MAX_MARKDOWN_CHARACTERS = 12_000
_NO_SUBMIT_TEXT = "must define `submit` to use an `input` block in modals"

BlockPart = Mapping[str, Any]

_MESSAGE = array_of(object_by_type(MESSAGE_BLOCKS), max_items=50)
_COMMON_VIEW_FIELDS = {
    "private_metadata": string(max_length=3000),
    "callback_id": string(max_length=255),
    "external_id": string(max_length=255),
}
_VIEW = report_object_first(
    object_by_type(
        {
            "modal": object_with(
                {
                    "title": plain_text(24),
                    "blocks": array_of(object_by_type(MODAL_BLOCKS), min_items=1, max_items=100),
                },
                {
                    **_COMMON_VIEW_FIELDS,
                    "submit": plain_text(24),
                    "close": plain_text(24),
                    "clear_on_close": boolean,
                    "notify_on_close": boolean,
                },
            ),
            "home": object_with(
                {"blocks": array_of(object_by_type(HOME_BLOCKS), min_items=1, max_items=100)},
                _COMMON_VIEW_FIELDS,
            ),
        }
    )
)


def check_message(blocks: object) -> list[Problem]:
    """Return the problems that Slack lists under `invalid_blocks`."""
    return list(_MESSAGE(blocks, "/blocks")) or _check_blocks_together(blocks, "/blocks")


def check_view(view: object) -> list[Problem]:
    """Return the problems of a modal or Home tab that Slack lists under `invalid_arguments`."""
    return list(_VIEW(view, "/view")) or _check_view_blocks_together(view)


def count_characters(blocks: object) -> int:
    """Return the number of text characters in blocks, at all levels."""
    if isinstance(blocks, dict):
        text = blocks.get("text")
        own_count = len(text) if isinstance(text, str) else 0
        return own_count + count_characters(list(blocks.values()))
    return sum(map(count_characters, blocks)) if isinstance(blocks, list) else 0


def _check_view_blocks_together(view: Any) -> list[Problem]:
    blocks = view["blocks"]
    problems = _check_blocks_together(blocks, "/view/blocks")
    if view["type"] == "modal" and "submit" not in view:
        problems += [
            Problem(_NO_SUBMIT_TEXT, f"/view/blocks/{index}/input")
            for index, block in enumerate(blocks)
            if block["type"] == "input"
        ]
    return problems


def _check_blocks_together(blocks: Any, pointer: str) -> list[Problem]:
    block_places = [(block, f"{pointer}/{index}") for index, block in enumerate(blocks)]
    elements_by_block = [list(_block_elements(block, at)) for block, at in block_places]
    return [
        *_check_unique("block_id", block_places),
        *chain.from_iterable(_check_unique("action_id", places) for places in elements_by_block),
        *_check_single_focus(chain.from_iterable(elements_by_block)),
        *_check_markdown_length(block_places),
    ]


def _block_elements(block: BlockPart, pointer: str) -> Iterator[tuple[BlockPart, str]]:
    for name in ("accessory", "element"):
        if name in block:
            yield block[name], f"{pointer}/{name}"
    if block["type"] == "actions":
        for index, element in enumerate(block["elements"]):
            yield element, f"{pointer}/elements/{index}"


def _check_unique(name: str, parts: Iterable[tuple[BlockPart, str]]) -> Iterator[Problem]:
    used_ids = set()
    for part, pointer in parts:
        if (part_id := part.get(name)) is None:
            continue
        if part_id in used_ids:
            yield Problem(f'`{name}` "{part_id}" already exists', f"{pointer}/{name}")
        used_ids.add(part_id)


def _check_single_focus(elements: Iterable[tuple[BlockPart, str]]) -> Iterator[Problem]:
    pointers = [pointer for element, pointer in elements if element.get("focus_on_load")]
    for pointer in pointers[1:]:
        # Slack documents the rule but not its text; this text is ours.
        yield Problem("only one element can have `focus_on_load`", f"{pointer}/focus_on_load")


def _check_markdown_length(blocks: Iterable[tuple[BlockPart, str]]) -> Iterator[Problem]:
    character_count = 0
    for block, pointer in blocks:
        character_count += len(block["text"]) if block["type"] == "markdown" else 0
        if character_count > _MAX_MARKDOWN_CHARACTERS:
            limit_text = f"must be less than {_MAX_MARKDOWN_CHARACTERS + 1} characters"
            yield Problem(limit_text, f"{pointer}/text")
            return
