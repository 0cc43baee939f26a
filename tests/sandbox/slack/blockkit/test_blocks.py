"""Rules for each block: its required and optional properties and their limits."""

import pytest

from sandbox.slack.blockkit import check_message
from tests.sandbox.slack.blockkit.sample_blocks import (
    BLOCKS,
    EMPTY_MESSAGE,
    IMAGE,
    NO_ITEMS_MESSAGE,
    NO_SCHEMA_MESSAGE,
    Json,
    actions,
    block,
    button,
    element,
    lines_at,
    message_problems,
    mrkdwn,
    plain_text,
    rich_text,
    section,
    table_cells,
    text_lines_at,
    too_long_message,
    too_many_message,
    without_key,
)

FIRST = "/blocks/0"
HTTPS = "https://example.com/a"
LONG_URL = HTTPS.ljust(3001, "x")


def buttons(count: int) -> list[Json]:
    return [button(action_id=str(number)) for number in range(count)]


@pytest.mark.parametrize("kind", BLOCKS)
def test_smallest_block_is_accepted(kind: str) -> None:
    assert check_message([block(kind, block_id="b" * 255)]) == []


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, parts in BLOCKS.items() for name in parts]
)
def test_block_without_a_required_property_is_refused(kind: str, name: str) -> None:
    missing = {
        "section": lines_at(f"{FIRST}/type", "must define either `text` or `fields`"),
    }.get(kind, lines_at(FIRST, f"missing required field: {name}"))

    assert message_problems(without_key(block(kind), name)) == missing


@pytest.mark.parametrize("kind", BLOCKS)
def test_unknown_block_property_is_refused(kind: str) -> None:
    problems = message_problems(block(kind, colour="red"))

    assert problems == lines_at(FIRST, "invalid additional property: colour")


@pytest.mark.parametrize("kind", BLOCKS)
@pytest.mark.parametrize(
    ("block_id", "message"),
    [
        ("b" * 256, too_long_message(255)),
        ("", EMPTY_MESSAGE),
        (7, "must provide a string"),
        (None, "must provide a string"),
    ],
)
def test_invalid_block_id_is_refused(kind: str, block_id: object, message: str) -> None:
    problems = message_problems(block(kind, block_id=block_id))

    assert problems == lines_at(f"{FIRST}/block_id", message)


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (section(text=mrkdwn("x" * 3001)), text_lines_at(f"{FIRST}/text", too_long_message(3000))),
        (section(text=mrkdwn("")), text_lines_at(f"{FIRST}/text", EMPTY_MESSAGE)),
        (
            section(text="Text"),
            lines_at(f"{FIRST}/text", NO_SCHEMA_MESSAGE, "must provide an object"),
        ),
        (section(fields=[mrkdwn()] * 11), lines_at(f"{FIRST}/fields", too_many_message(10))),
        (section(fields=[]), lines_at(f"{FIRST}/fields", NO_ITEMS_MESSAGE)),
        (
            section(fields=[mrkdwn("x" * 2001)]),
            text_lines_at(f"{FIRST}/fields/0", too_long_message(2000)),
        ),
        (section(fields=mrkdwn()), lines_at(f"{FIRST}/fields", "must provide an array")),
        (section(expand="yes"), lines_at(f"{FIRST}/expand", "must be a boolean")),
        (actions(), lines_at(f"{FIRST}/elements", NO_ITEMS_MESSAGE)),
        (actions(*buttons(26)), lines_at(f"{FIRST}/elements", too_many_message(25))),
        (block("context", elements=[]), lines_at(f"{FIRST}/elements", NO_ITEMS_MESSAGE)),
        (
            block("context", elements=[mrkdwn()] * 11),
            lines_at(f"{FIRST}/elements", too_many_message(10)),
        ),
        (
            block("context", elements=[mrkdwn("")]),
            lines_at(f"{FIRST}/elements/0/text", EMPTY_MESSAGE),
        ),
        (
            block("header", text=plain_text("x" * 151)),
            text_lines_at(f"{FIRST}/text", too_long_message(150)),
        ),
        (
            block("header", text=mrkdwn()),
            text_lines_at(f"{FIRST}/text", "unsupported type: mrkdwn", inside="type"),
        ),
        (
            block("input", label=plain_text("x" * 2001)),
            text_lines_at(f"{FIRST}/label", too_long_message(2000)),
        ),
        (
            block("input", label=mrkdwn()),
            text_lines_at(f"{FIRST}/label", "unsupported type: mrkdwn", inside="type"),
        ),
        (
            block("input", hint=plain_text("x" * 2001)),
            text_lines_at(f"{FIRST}/hint", too_long_message(2000)),
        ),
        (block("input", optional="no"), lines_at(f"{FIRST}/optional", "must be a boolean")),
        (
            block("image", title=plain_text("x" * 2001)),
            text_lines_at(f"{FIRST}/title", too_long_message(2000)),
        ),
        (
            block("image", image_url=LONG_URL),
            lines_at(f"{FIRST}/image_url", too_long_message(3000)),
        ),
        (
            block("context", elements=[mrkdwn("x" * 3001)]),
            lines_at(f"{FIRST}/elements/0/text", too_long_message(3000)),
        ),
        (
            block("image", alt_text="x" * 2001),
            lines_at(f"{FIRST}/alt_text", too_long_message(2000)),
        ),
        (block("image", alt_text=""), lines_at(f"{FIRST}/alt_text", EMPTY_MESSAGE)),
        (
            block("image", slack_file={"id": "F1"}),
            lines_at(FIRST, "invalid additional property: slack_file"),
        ),
        (block("markdown", text=""), lines_at(f"{FIRST}/text", EMPTY_MESSAGE)),
        (block("markdown", text="x" * 12_001), lines_at(f"{FIRST}/text", too_long_message(12_000))),
        (block("file", source="local"), lines_at(f"{FIRST}/source", "must be a valid enum value")),
        (
            block("video", title=plain_text("x" * 200)),
            text_lines_at(f"{FIRST}/title", too_long_message(199)),
        ),
        (block("video", alt_text="x" * 201), lines_at(f"{FIRST}/alt_text", too_long_message(200))),
        (
            block("video", author_name="x" * 50),
            lines_at(f"{FIRST}/author_name", too_long_message(49)),
        ),
        (
            block("video", provider_name="x" * 51),
            lines_at(f"{FIRST}/provider_name", too_long_message(50)),
        ),
        (
            block("video", description=plain_text("x" * 201)),
            text_lines_at(f"{FIRST}/description", too_long_message(200)),
        ),
        (
            block("video", video_url="http://example.com/a.mp4"),
            lines_at(f"{FIRST}/video_url", "input must match regex pattern: ^https://"),
        ),
        (block("video", alt_text=""), lines_at(f"{FIRST}/alt_text", EMPTY_MESSAGE)),
        (block("video", author_name=""), lines_at(f"{FIRST}/author_name", EMPTY_MESSAGE)),
        (block("video", provider_name=""), lines_at(f"{FIRST}/provider_name", EMPTY_MESSAGE)),
        (
            block("video", title_url=LONG_URL),
            lines_at(f"{FIRST}/title_url", too_long_message(3000)),
        ),
        (block("file", external_id=""), lines_at(f"{FIRST}/external_id", EMPTY_MESSAGE)),
        (
            block("file", external_id="x" * 256),
            lines_at(f"{FIRST}/external_id", too_long_message(255)),
        ),
        (block("table", rows=[[]]), lines_at(f"{FIRST}/rows/0", NO_ITEMS_MESSAGE)),
        (block("table", rows=[]), lines_at(f"{FIRST}/rows", NO_ITEMS_MESSAGE)),
        (
            block("table", rows=[table_cells(1)] * 101),
            lines_at(f"{FIRST}/rows", too_many_message(100)),
        ),
        (block("table", rows=[table_cells(21)]), lines_at(f"{FIRST}/rows/0", too_many_message(20))),
        (
            block("table", rows=[table_cells(2), table_cells(3)]),
            lines_at(f"{FIRST}/rows/1", too_many_message(2)),
        ),
        (
            block("table", rows=[table_cells(2), table_cells(1)]),
            lines_at(f"{FIRST}/rows/1", "must provide at least 2 items"),
        ),
        (
            block("table", rows=[[{"type": "raw_text", "text": ""}]]),
            lines_at(f"{FIRST}/rows/0/0/text", EMPTY_MESSAGE),
        ),
        (
            block("table", rows=[[{"type": "raw_number", "value": 1, "text": ""}]]),
            lines_at(f"{FIRST}/rows/0/0/text", EMPTY_MESSAGE),
        ),
        (
            block("table", rows=[[{"type": "raw_number", "value": "1", "text": "1"}]]),
            lines_at(f"{FIRST}/rows/0/0/value", "must provide a number"),
        ),
        (
            block("table", rows=[[{"type": "raw_number", "text": "1"}]]),
            lines_at(f"{FIRST}/rows/0/0", "missing required field: value"),
        ),
        (
            block("table", column_settings=[{}] * 3),
            lines_at(f"{FIRST}/column_settings", too_many_message(2)),
        ),
        (
            block("table", column_settings=[{"align": "top"}]),
            lines_at(f"{FIRST}/column_settings/0/align", "must be a valid enum value"),
        ),
        (block("rich_text", elements=[]), lines_at(f"{FIRST}/elements", NO_ITEMS_MESSAGE)),
    ],
)
def test_invalid_block_is_refused(bad: Json, expected: list[str]) -> None:
    assert message_problems(bad) == expected


@pytest.mark.parametrize(
    "good",
    [
        section(text=mrkdwn("x" * 3000)),
        section(text=plain_text(), fields=[mrkdwn("x" * 2000)] * 10, expand=True),
        without_key(section(fields=[plain_text()]), "text"),
        section(text={**plain_text(), "emoji": True}),
        section(text={**mrkdwn(), "verbatim": False}),
        actions(*buttons(25)),
        block("context", elements=[mrkdwn("x" * 3000), plain_text("x"), element("image")]),
        block("header", text=plain_text("x" * 150)),
        block("file", external_id="x" * 255),
        block("image", image_url=HTTPS.ljust(3000, "x"), alt_text="x" * 2000),
        {"type": "image", "alt_text": "A", "slack_file": {"url": HTTPS}},
        block("image", title=plain_text("x" * 2000)),
        {"type": "image", "alt_text": "A", "slack_file": {"id": "F1"}},
        block("input", hint=plain_text(), optional=True, dispatch_action=True),
        block("markdown", text="x" * 12_000),
        block("table", rows=[table_cells(20)] * 100, column_settings=[{"align": "right"}, None]),
        block("table", rows=[[rich_text(), {"type": "raw_number", "value": 1.5, "text": "1½"}]]),
        block("table", column_settings=[{"is_wrapped": True}, {"align": "center"}]),
        block("video", title=plain_text("x" * 199), author_name="x" * 49, provider_name="x" * 50),
        block("video", title_url=HTTPS, provider_icon_url=HTTPS, description=plain_text("x" * 200)),
    ],
)
def test_valid_block_is_accepted(good: Json) -> None:
    assert check_message([good]) == []


@pytest.mark.parametrize("length", [3000, 3001])
def test_emoji_of_one_code_point_counts_as_one_character(length: int) -> None:
    refused = message_problems(section(text=mrkdwn("🎟" * length)))

    assert bool(refused) is (length == 3001)


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost:3000/a.png",
        "http://127.0.0.1/a.png",
        "http://[::1]/a.png",
        "https://10.0.0.7/a.png",
        "https://printer.local/a.png",
        "ftp://example.com/a.png",
    ],
)
def test_image_from_a_local_address_is_refused(address: str) -> None:
    problems = message_problems(block("image", image_url=address))

    assert problems == lines_at(f"{FIRST}/image_url", "downloading image failed")


@pytest.mark.parametrize("address", ["a.png", "https://exa mple.com", "http://["])
def test_image_with_an_invalid_url_is_refused(address: str) -> None:
    problems = message_problems(block("image", image_url=address))

    assert problems == lines_at(f"{FIRST}/image_url", "invalid url")


def test_image_without_a_source_is_refused() -> None:
    problems = message_problems({"type": "image", "alt_text": "A"})

    assert problems == lines_at(FIRST, "missing required field: image_url")


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({}, "missing required field: id"),
        ({"id": "F1", "url": "https://files.slack.com/a"}, "invalid additional property: url"),
    ],
)
def test_slack_file_with_id_and_url_or_neither_is_refused(bad: Json, message: str) -> None:
    image = {"type": "image", "alt_text": IMAGE["alt_text"], "slack_file": bad}

    assert message_problems(image) == lines_at(f"{FIRST}/slack_file", message)


def test_slack_file_with_an_empty_id_is_refused() -> None:
    problems = message_problems({"type": "image", "alt_text": "A", "slack_file": {"id": ""}})

    assert problems == lines_at(f"{FIRST}/slack_file/id", EMPTY_MESSAGE)
