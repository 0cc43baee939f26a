"""Rules for each block type, and the blocks that each surface allows."""

from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.slack.blockkit.elements import (
    ACTIONS_ELEMENTS,
    CONTEXT_ELEMENTS,
    INPUT_ELEMENTS,
    MODAL_INPUT_ELEMENTS,
    SECTION_ELEMENTS,
)
from sandbox.slack.blockkit.objects import (
    ALT_TEXT_FIELDS,
    EXACTLY_ONE_PICTURE,
    HTTPS_URL,
    PICTURE_FIELDS,
    plain_text,
    text,
)
from sandbox.slack.blockkit.problems import Problem
from sandbox.slack.blockkit.rich_text import RICH_TEXT_FIELDS
from sandbox.slack.blockkit.schema_rules import (
    CrossFieldRule,
    Rule,
    array_of,
    boolean,
    enum_of,
    number,
    object_by_type,
    object_with,
    string,
)

_NO_FIELDS: Mapping[str, Rule] = {}


def _block_rule(
    required: Mapping[str, Rule] = _NO_FIELDS,
    optional: Mapping[str, Rule] = _NO_FIELDS,
    *cross_field_rules: CrossFieldRule,
) -> Rule:
    return object_with(
        required, {"block_id": string(min_length=1, max_length=255), **optional}, *cross_field_rules
    )


def _check_text_or_fields(block: Mapping[str, object], pointer: str) -> Iterator[Problem]:
    if "text" not in block and "fields" not in block:
        yield Problem("must define either `text` or `fields`", f"{pointer}/type")


def _check_table_columns(block: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    columns = len(block["rows"][0])
    for index, row in enumerate(block["rows"]):
        if len(row) < columns:
            yield Problem(f"must provide at least {columns} items", f"{pointer}/rows/{index}")
        if len(row) > columns:
            yield Problem(f"no more than {columns} items allowed", f"{pointer}/rows/{index}")
    if len(block.get("column_settings", ())) > columns:
        yield Problem(f"no more than {columns} items allowed", f"{pointer}/column_settings")


def _input_rule(elements: Mapping[str, Rule]) -> Rule:
    return _block_rule(
        {"label": plain_text(2000), "element": object_by_type(elements)},
        {"hint": plain_text(2000), "optional": boolean, "dispatch_action": boolean},
    )


_CELL_KINDS = {
    "raw_text": object_with({"text": string(min_length=1)}),
    "raw_number": object_with({"value": number, "text": string(min_length=1)}),
    "rich_text": object_with(RICH_TEXT_FIELDS),
}
_COLUMN = object_with({}, {"align": enum_of("left", "center", "right"), "is_wrapped": boolean})


def _check_column(value: object, pointer: str) -> Iterator[Problem]:
    # slack_sdk's TableBlock: null keeps the default settings of a column.
    if value is not None:
        yield from _COLUMN(value, pointer)


_COMMON_BLOCKS = {
    "section": _block_rule(
        {},
        {
            "text": text(3000),
            "fields": array_of(text(2000), min_items=1, max_items=10),
            "accessory": object_by_type(SECTION_ELEMENTS),
            "expand": boolean,
        },
        _check_text_or_fields,
    ),
    "actions": _block_rule(
        {"elements": array_of(object_by_type(ACTIONS_ELEMENTS), min_items=1, max_items=25)}
    ),
    "context": _block_rule(
        {"elements": array_of(object_by_type(CONTEXT_ELEMENTS), min_items=1, max_items=10)}
    ),
    "divider": _block_rule(),
    "header": _block_rule({"text": plain_text(150)}),
    "image": _block_rule(
        ALT_TEXT_FIELDS, {**PICTURE_FIELDS, "title": plain_text(2000)}, EXACTLY_ONE_PICTURE
    ),
    "input": _input_rule(INPUT_ELEMENTS),
    "rich_text": _block_rule(RICH_TEXT_FIELDS),
    "video": _block_rule(
        {
            "alt_text": string(min_length=1, max_length=200),
            # "Must be less than": slack_sdk's blocks.py refuses 200 (title) and 50 (author).
            "title": plain_text(199),
            "thumbnail_url": HTTPS_URL,
            "video_url": HTTPS_URL,
        },
        {
            "author_name": string(min_length=1, max_length=49),
            "description": plain_text(200),
            "provider_icon_url": HTTPS_URL,
            "provider_name": string(min_length=1, max_length=50),
            "title_url": HTTPS_URL,
        },
    ),
}
# This workspace treats newer blocks (alerts, cards, charts, plans, …) as unsupported types.
MESSAGE_BLOCKS = {
    **_COMMON_BLOCKS,
    "file": _block_rule(
        {"external_id": string(min_length=1, max_length=255), "source": enum_of("remote")}
    ),
    "markdown": _block_rule({"text": string(min_length=1)}),
    "table": _block_rule(
        {
            "rows": array_of(
                array_of(object_by_type(_CELL_KINDS), min_items=1, max_items=20),
                min_items=1,
                max_items=100,
            )
        },
        {"column_settings": array_of(_check_column)},
        _check_table_columns,
    ),
}
HOME_BLOCKS = _COMMON_BLOCKS
MODAL_BLOCKS = {**_COMMON_BLOCKS, "input": _input_rule(MODAL_INPUT_ELEMENTS)}
