"""Each block: what it must have, what it may have, and how much of it."""

import pytest

from sandbox.slack.blockkit import check_message
from tests.sandbox.blockkit.samples import (
    ALL_SCHEMAS,
    BLOCKS,
    EMPTY,
    NOTHING,
    PICTURE,
    Json,
    actions,
    at,
    block,
    button,
    cells,
    element,
    marked,
    plain,
    rich_text,
    said_of_message,
    section,
    text_at,
    too_long,
    too_many,
    without,
)

FIRST = "/blocks/0"
HTTPS = "https://example.com/a"
LONG_URL = HTTPS.ljust(3001, "x")


def buttons(count: int) -> list[Json]:
    return [button(action_id=str(number)) for number in range(count)]


@pytest.mark.parametrize("kind", BLOCKS)
def test_the_smallest_block_of_each_kind_may_be_sent(kind: str) -> None:
    assert check_message([block(kind, block_id="b" * 255)]) == []


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind, parts in BLOCKS.items() for name in parts]
)
def test_no_block_does_without_what_it_must_have(kind: str, name: str) -> None:
    missing = {
        "section": at(f"{FIRST}/type", "must define either `text` or `fields`"),
    }.get(kind, at(FIRST, f"missing required field: {name}"))

    assert said_of_message(without(block(kind), name)) == missing


@pytest.mark.parametrize("kind", BLOCKS)
def test_no_block_has_a_property_that_slack_does_not_know(kind: str) -> None:
    said = said_of_message(block(kind, colour="red"))

    assert said == at(FIRST, "invalid additional property: colour")


@pytest.mark.parametrize("kind", BLOCKS)
@pytest.mark.parametrize(
    ("block_id", "message"),
    [
        ("b" * 256, too_long(255)),
        ("", EMPTY),
        (7, "must provide a string"),
        (None, "must provide a string"),
    ],
)
def test_no_block_has_such_a_block_id(kind: str, block_id: object, message: str) -> None:
    said = said_of_message(block(kind, block_id=block_id))

    assert said == at(f"{FIRST}/block_id", message)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (section(text=marked("x" * 3001)), text_at(f"{FIRST}/text", too_long(3000))),
        (section(text=marked("")), text_at(f"{FIRST}/text", EMPTY)),
        (
            section(text="Text"),
            at(f"{FIRST}/text", ALL_SCHEMAS, "must provide an object"),
        ),
        (section(fields=[marked()] * 11), at(f"{FIRST}/fields", too_many(10))),
        (section(fields=[]), at(f"{FIRST}/fields", NOTHING)),
        (section(fields=[marked("x" * 2001)]), text_at(f"{FIRST}/fields/0", too_long(2000))),
        (section(fields=marked()), at(f"{FIRST}/fields", "must provide an array")),
        (section(expand="yes"), at(f"{FIRST}/expand", "must be a boolean")),
        (actions(), at(f"{FIRST}/elements", NOTHING)),
        (actions(*buttons(26)), at(f"{FIRST}/elements", too_many(25))),
        (block("context", elements=[]), at(f"{FIRST}/elements", NOTHING)),
        (block("context", elements=[marked()] * 11), at(f"{FIRST}/elements", too_many(10))),
        (
            block("context", elements=[marked("")]),
            at(f"{FIRST}/elements/0/text", EMPTY),
        ),
        (block("header", text=plain("x" * 151)), text_at(f"{FIRST}/text", too_long(150))),
        (
            block("header", text=marked()),
            text_at(f"{FIRST}/text", "unsupported type: mrkdwn", inside="type"),
        ),
        (block("input", label=plain("x" * 2001)), text_at(f"{FIRST}/label", too_long(2000))),
        (
            block("input", label=marked()),
            text_at(f"{FIRST}/label", "unsupported type: mrkdwn", inside="type"),
        ),
        (block("input", hint=plain("x" * 2001)), text_at(f"{FIRST}/hint", too_long(2000))),
        (block("input", optional="no"), at(f"{FIRST}/optional", "must be a boolean")),
        (block("image", title=plain("x" * 2001)), text_at(f"{FIRST}/title", too_long(2000))),
        (block("image", image_url=LONG_URL), at(f"{FIRST}/image_url", too_long(3000))),
        (
            block("context", elements=[marked("x" * 3001)]),
            at(f"{FIRST}/elements/0/text", too_long(3000)),
        ),
        (block("image", alt_text="x" * 2001), at(f"{FIRST}/alt_text", too_long(2000))),
        (block("image", alt_text=""), at(f"{FIRST}/alt_text", EMPTY)),
        (
            block("image", slack_file={"id": "F1"}),
            at(FIRST, "invalid additional property: slack_file"),
        ),
        (block("markdown", text=""), at(f"{FIRST}/text", EMPTY)),
        (block("markdown", text="x" * 12_001), at(f"{FIRST}/text", too_long(12_000))),
        (block("file", source="local"), at(f"{FIRST}/source", "must be a valid enum value")),
        (block("video", title=plain("x" * 200)), text_at(f"{FIRST}/title", too_long(199))),
        (block("video", alt_text="x" * 201), at(f"{FIRST}/alt_text", too_long(200))),
        (block("video", author_name="x" * 50), at(f"{FIRST}/author_name", too_long(49))),
        (block("video", provider_name="x" * 51), at(f"{FIRST}/provider_name", too_long(50))),
        (
            block("video", description=plain("x" * 201)),
            text_at(f"{FIRST}/description", too_long(200)),
        ),
        (
            block("video", video_url="http://example.com/a.mp4"),
            at(f"{FIRST}/video_url", "input must match regex pattern: ^https://"),
        ),
        (block("video", alt_text=""), at(f"{FIRST}/alt_text", EMPTY)),
        (block("video", author_name=""), at(f"{FIRST}/author_name", EMPTY)),
        (block("video", provider_name=""), at(f"{FIRST}/provider_name", EMPTY)),
        (block("video", title_url=LONG_URL), at(f"{FIRST}/title_url", too_long(3000))),
        (block("file", external_id=""), at(f"{FIRST}/external_id", EMPTY)),
        (block("file", external_id="x" * 256), at(f"{FIRST}/external_id", too_long(255))),
        (block("table", rows=[[]]), at(f"{FIRST}/rows/0", NOTHING)),
        (block("table", rows=[]), at(f"{FIRST}/rows", NOTHING)),
        (block("table", rows=[cells(1)] * 101), at(f"{FIRST}/rows", too_many(100))),
        (block("table", rows=[cells(21)]), at(f"{FIRST}/rows/0", too_many(20))),
        (block("table", rows=[cells(2), cells(3)]), at(f"{FIRST}/rows/1", too_many(2))),
        (
            block("table", rows=[cells(2), cells(1)]),
            at(f"{FIRST}/rows/1", "must provide at least 2 items"),
        ),
        (
            block("table", rows=[[{"type": "raw_text", "text": ""}]]),
            at(f"{FIRST}/rows/0/0/text", EMPTY),
        ),
        (
            block("table", rows=[[{"type": "raw_number", "value": 1, "text": ""}]]),
            at(f"{FIRST}/rows/0/0/text", EMPTY),
        ),
        (
            block("table", rows=[[{"type": "raw_number", "value": "1", "text": "1"}]]),
            at(f"{FIRST}/rows/0/0/value", "must provide a number"),
        ),
        (
            block("table", rows=[[{"type": "raw_number", "text": "1"}]]),
            at(f"{FIRST}/rows/0/0", "missing required field: value"),
        ),
        (block("table", column_settings=[{}] * 3), at(f"{FIRST}/column_settings", too_many(2))),
        (
            block("table", column_settings=[{"align": "top"}]),
            at(f"{FIRST}/column_settings/0/align", "must be a valid enum value"),
        ),
        (block("rich_text", elements=[]), at(f"{FIRST}/elements", NOTHING)),
    ],
)
def test_slack_refuses_the_block(bad: Json, said: list[str]) -> None:
    assert said_of_message(bad) == said


@pytest.mark.parametrize(
    "good",
    [
        section(text=marked("x" * 3000)),
        section(text=plain(), fields=[marked("x" * 2000)] * 10, expand=True),
        without(section(fields=[plain()]), "text"),
        section(text={**plain(), "emoji": True}),
        section(text={**marked(), "verbatim": False}),
        actions(*buttons(25)),
        block("context", elements=[marked("x" * 3000), plain("x"), element("image")]),
        block("header", text=plain("x" * 150)),
        block("file", external_id="x" * 255),
        block("image", image_url=HTTPS.ljust(3000, "x"), alt_text="x" * 2000),
        {"type": "image", "alt_text": "A", "slack_file": {"url": HTTPS}},
        block("image", title=plain("x" * 2000)),
        {"type": "image", "alt_text": "A", "slack_file": {"id": "F1"}},
        block("input", hint=plain(), optional=True, dispatch_action=True),
        block("markdown", text="x" * 12_000),
        block("table", rows=[cells(20)] * 100, column_settings=[{"align": "right"}, None]),
        block("table", rows=[[rich_text(), {"type": "raw_number", "value": 1.5, "text": "1½"}]]),
        block("table", column_settings=[{"is_wrapped": True}, {"align": "center"}]),
        block("video", title=plain("x" * 199), author_name="x" * 49, provider_name="x" * 50),
        block("video", title_url=HTTPS, provider_icon_url=HTTPS, description=plain("x" * 200)),
    ],
)
def test_slack_takes_the_block(good: Json) -> None:
    assert check_message([good]) == []


@pytest.mark.parametrize("length", [3000, 3001])
def test_an_emoji_of_one_code_point_counts_as_one_character(length: int) -> None:
    refused = said_of_message(section(text=marked("🎟" * length)))

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
def test_slack_cannot_download_an_image_from_here(address: str) -> None:
    said = said_of_message(block("image", image_url=address))

    assert said == at(f"{FIRST}/image_url", "downloading image failed")


@pytest.mark.parametrize("address", ["a.png", "https://exa mple.com", "http://["])
def test_an_image_needs_a_real_address(address: str) -> None:
    said = said_of_message(block("image", image_url=address))

    assert said == at(f"{FIRST}/image_url", "invalid url")


def test_an_image_needs_a_source() -> None:
    said = said_of_message({"type": "image", "alt_text": "A"})

    assert said == at(FIRST, "missing required field: image_url")


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({}, "missing required field: id"),
        ({"id": "F1", "url": "https://files.slack.com/a"}, "invalid additional property: url"),
    ],
)
def test_a_slack_file_is_named_in_one_way(bad: Json, message: str) -> None:
    image = {"type": "image", "alt_text": PICTURE["alt_text"], "slack_file": bad}

    assert said_of_message(image) == at(f"{FIRST}/slack_file", message)


def test_the_name_of_a_slack_file_is_not_empty() -> None:
    said = said_of_message({"type": "image", "alt_text": "A", "slack_file": {"id": ""}})

    assert said == at(f"{FIRST}/slack_file/id", EMPTY)
