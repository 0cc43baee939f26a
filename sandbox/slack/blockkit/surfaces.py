"""Messages, modals and home tabs: what holds for all their blocks together."""

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

# Beyond these Slack refuses the payload by another name; it is for the caller to say it.
MAX_VIEW_BYTES = 250_000  # view_too_large (docs.slack.dev, views.open)
MAX_MESSAGE_CHARACTERS = (
    13_200  # msg_blocks_too_long; not documented, about that many (bolt-js#2509)
)
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
    """What Slack would list under `invalid_blocks`."""
    return list(_MESSAGE(blocks, "/blocks")) or _check_blocks_together(blocks, "/blocks")


def check_view(view: object) -> list[Problem]:
    """What Slack would list under `invalid_arguments`, for a modal or a home tab."""
    return list(_VIEW(view, "/view")) or _check_view_blocks_together(view)


def count_characters(blocks: object) -> int:
    """All that is written in these blocks, wherever it stands."""
    if isinstance(blocks, dict):
        own = blocks.get("text")
        return (len(own) if isinstance(own, str) else 0) + count_characters(list(blocks.values()))
    return sum(map(count_characters, blocks)) if isinstance(blocks, list) else 0


def _check_view_blocks_together(view: Any) -> list[Problem]:
    blocks = view["blocks"]
    found = _check_blocks_together(blocks, "/view/blocks")
    if view["type"] == "modal" and "submit" not in view:
        found += [
            Problem(_NO_SUBMIT_TEXT, f"/view/blocks/{index}/input")
            for index, block in enumerate(blocks)
            if block["type"] == "input"
        ]
    return found


def _check_blocks_together(blocks: Any, pointer: str) -> list[Problem]:
    placed = [(block, f"{pointer}/{index}") for index, block in enumerate(blocks)]
    inside = [list(_block_elements(block, at)) for block, at in placed]
    return [
        *_check_unique("block_id", placed),
        *(problem for elements in inside for problem in _check_unique("action_id", elements)),
        *_check_single_focus(chain.from_iterable(inside)),
        *_check_markdown_length(placed),
    ]


def _block_elements(block: BlockPart, pointer: str) -> Iterator[tuple[BlockPart, str]]:
    for name in ("accessory", "element"):
        if name in block:
            yield block[name], f"{pointer}/{name}"
    if block["type"] == "actions":
        for index, element in enumerate(block["elements"]):
            yield element, f"{pointer}/elements/{index}"


def _check_unique(name: str, parts: Iterable[tuple[BlockPart, str]]) -> Iterator[Problem]:
    seen = set()
    for part, pointer in parts:
        if (own := part.get(name)) is None:
            continue
        if own in seen:
            yield Problem(f'`{name}` "{own}" already exists', f"{pointer}/{name}")
        seen.add(own)


def _check_single_focus(elements: Iterable[tuple[BlockPart, str]]) -> Iterator[Problem]:
    focused = [pointer for element, pointer in elements if element.get("focus_on_load")]
    for pointer in focused[1:]:
        # The rule is documented, its words are not: these are ours.
        yield Problem("only one element can have `focus_on_load`", f"{pointer}/focus_on_load")


def _check_markdown_length(blocks: Iterable[tuple[BlockPart, str]]) -> Iterator[Problem]:
    written = 0
    for block, pointer in blocks:
        written += len(block["text"]) if block["type"] == "markdown" else 0
        if written > _MAX_MARKDOWN_CHARACTERS:
            most = f"must be less than {_MAX_MARKDOWN_CHARACTERS + 1} characters"
            yield Problem(most, f"{pointer}/text")
            return
