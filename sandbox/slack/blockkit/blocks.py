"""Blocks: one row for each, and the surfaces they may stand on."""

from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.slack.blockkit.elements import (
    IN_ACTIONS,
    IN_CONTEXT,
    IN_INPUT,
    IN_MODAL_INPUT,
    IN_SECTION,
)
from sandbox.slack.blockkit.objects import (
    ALT_TEXT,
    HTTPS,
    ONE_PICTURE,
    PICTURE,
    plain_text,
    text,
)
from sandbox.slack.blockkit.problems import Problem
from sandbox.slack.blockkit.rich_text import RICH_TEXT
from sandbox.slack.blockkit.rules import (
    Rule,
    Together,
    boolean,
    items,
    kinds,
    number,
    one_word_of,
    shape,
    string,
)

_NOTHING: Mapping[str, Rule] = {}


def _block(
    required: Mapping[str, Rule] = _NOTHING,
    optional: Mapping[str, Rule] = _NOTHING,
    *together: Together,
) -> Rule:
    return shape(required, {"block_id": string(least=1, most=255), **optional}, *together)


def _text_or_fields(block: Mapping[str, object], pointer: str) -> Iterator[Problem]:
    if "text" not in block and "fields" not in block:
        yield Problem("must define either `text` or `fields`", f"{pointer}/type")


def _as_many_cells_in_each_row(block: Mapping[str, Any], pointer: str) -> Iterator[Problem]:
    columns = len(block["rows"][0])
    for index, row in enumerate(block["rows"]):
        if len(row) < columns:
            yield Problem(f"must provide at least {columns} items", f"{pointer}/rows/{index}")
        if len(row) > columns:
            yield Problem(f"no more than {columns} items allowed", f"{pointer}/rows/{index}")
    if len(block.get("column_settings", ())) > columns:
        yield Problem(f"no more than {columns} items allowed", f"{pointer}/column_settings")


def _input(elements: Mapping[str, Rule]) -> Rule:
    return _block(
        {"label": plain_text(2000), "element": kinds(elements)},
        {"hint": plain_text(2000), "optional": boolean, "dispatch_action": boolean},
    )


_CELLS = {
    "raw_text": shape({"text": string(least=1)}),
    "raw_number": shape({"value": number, "text": string(least=1)}),
    "rich_text": shape(RICH_TEXT),
}
_COLUMN = shape({}, {"align": one_word_of("left", "center", "right"), "is_wrapped": boolean})


def _column(value: object, pointer: str) -> Iterator[Problem]:
    # slack_sdk's TableBlock: null leaves a column as it is.
    if value is not None:
        yield from _COLUMN(value, pointer)


_ANYWHERE = {
    "section": _block(
        {},
        {
            "text": text(3000),
            "fields": items(text(2000), least=1, most=10),
            "accessory": kinds(IN_SECTION),
            "expand": boolean,
        },
        _text_or_fields,
    ),
    "actions": _block({"elements": items(kinds(IN_ACTIONS), least=1, most=25)}),
    "context": _block({"elements": items(kinds(IN_CONTEXT), least=1, most=10)}),
    "divider": _block(),
    "header": _block({"text": plain_text(150)}),
    "image": _block(ALT_TEXT, {**PICTURE, "title": plain_text(2000)}, ONE_PICTURE),
    "input": _input(IN_INPUT),
    "rich_text": _block(RICH_TEXT),
    "video": _block(
        {
            "alt_text": string(least=1, most=200),
            # "Must be less than": slack_sdk's blocks.py counts 200 and 50 as too many.
            "title": plain_text(199),
            "thumbnail_url": HTTPS,
            "video_url": HTTPS,
        },
        {
            "author_name": string(least=1, most=49),
            "description": plain_text(200),
            "provider_icon_url": HTTPS,
            "provider_name": string(least=1, most=50),
            "title_url": HTTPS,
        },
    ),
}
# What is newer (alerts, cards, charts, plans, …) is an unsupported type in this workspace.
IN_MESSAGE = {
    **_ANYWHERE,
    "file": _block({"external_id": string(least=1, most=255), "source": one_word_of("remote")}),
    "markdown": _block({"text": string(least=1)}),
    "table": _block(
        {"rows": items(items(kinds(_CELLS), least=1, most=20), least=1, most=100)},
        {"column_settings": items(_column)},
        _as_many_cells_in_each_row,
    ),
}
IN_HOME = _ANYWHERE
IN_MODAL = {**_ANYWHERE, "input": _input(IN_MODAL_INPUT)}
