"""Rules for rich text: its parts (sections, lists, …) and their inline pieces."""

import pytest

from tests.sandbox.slack.blockkit.sample_blocks import (
    EMPTY_MESSAGE,
    Json,
    block,
    lines_at,
    message_problems,
    rich_text,
)

IN_PIECE = "/blocks/0/elements/0/elements/0"
IN_PART = "/blocks/0/elements/0"
STYLES = (
    *("bold", "italic", "strike", "underline", "code"),
    *("highlight", "client_highlight", "unlink"),
)
PIECES: dict[str, Json] = {
    "text": {"text": "Hi"},
    "user": {"user_id": "U1"},
    "usergroup": {"usergroup_id": "S1"},
    "channel": {"channel_id": "C1"},
    "team": {"team_id": "T1"},
    "color": {"value": "#123456"},
    "broadcast": {"range": "here"},
    "link": {"url": "https://example.com", "text": "Example", "unsafe": False},
    "emoji": {"name": "wave", "unicode": "1f44b", "skin_tone": 2},
    "date": {"timestamp": 1, "format": "{date}", "url": "https://example.com", "fallback": "1970"},
}
SECTION = {"type": "rich_text_section", "elements": []}
PARTS: dict[str, Json] = {
    "rich_text_section": {},
    "rich_text_quote": {"border": 1},
    "rich_text_preformatted": {"border": 0, "language": "python"},
    "rich_text_list": {"style": "ordered", "indent": 8, "offset": 3, "border": 1},
}


def piece(kind: str, **own: object) -> Json:
    return {"type": kind, **PIECES[kind], **own}


def part(kind: str, **own: object) -> Json:
    inside = [SECTION] if kind == "rich_text_list" else [piece("text")]
    return {"type": kind, "elements": inside, **PARTS[kind], **own}


@pytest.mark.parametrize("kind", PIECES)
def test_valid_piece_is_accepted(kind: str) -> None:
    assert message_problems(rich_text(piece(kind, style=dict.fromkeys(STYLES, True)))) == []


@pytest.mark.parametrize("kind", PIECES)
def test_unknown_property_or_style_of_a_piece_is_refused(kind: str) -> None:
    message = "invalid additional property: loud"

    assert message_problems(rich_text(piece(kind, loud=True))) == lines_at(IN_PIECE, message)
    assert message_problems(rich_text(piece(kind, style={"loud": True}))) == lines_at(
        f"{IN_PIECE}/style", message
    )


@pytest.mark.parametrize("style", STYLES)
def test_style_is_a_boolean(style: str) -> None:
    assert message_problems(rich_text(piece("text", style={style: "yes"}))) == lines_at(
        f"{IN_PIECE}/style/{style}", "must be a boolean"
    )


@pytest.mark.parametrize(
    ("kind", "own", "pointer", "message"),
    [
        ("text", {"text": ""}, "/text", EMPTY_MESSAGE),
        ("link", {"url": ""}, "/url", EMPTY_MESSAGE),
        ("link", {"unsafe": 1}, "/unsafe", "must be a boolean"),
        ("broadcast", {"range": "all"}, "/range", "must be a valid enum value"),
        ("emoji", {"skin_tone": "2"}, "/skin_tone", "must provide an integer"),
        ("date", {"timestamp": "1"}, "/timestamp", "must provide an integer"),
    ],
)
def test_invalid_piece_is_refused(kind: str, own: Json, pointer: str, message: str) -> None:
    problems = message_problems(rich_text(piece(kind, **own)))

    assert problems == lines_at(f"{IN_PIECE}{pointer}", message)


@pytest.mark.parametrize(("kind", "name"), [(k, next(iter(own))) for k, own in PIECES.items()])
def test_piece_without_its_content_is_refused(kind: str, name: str) -> None:
    incomplete = {key: value for key, value in piece(kind).items() if key != name}

    assert message_problems(rich_text(incomplete)) == lines_at(
        IN_PIECE, f"missing required field: {name}"
    )


def test_unknown_piece_is_refused() -> None:
    problems = message_problems(rich_text({"type": "shout", "text": "Hi"}))

    assert problems == lines_at(f"{IN_PIECE}/type", "unsupported type: shout")


@pytest.mark.parametrize("kind", PARTS)
def test_valid_part_is_accepted(kind: str) -> None:
    assert message_problems(block("rich_text", elements=[part(kind)])) == []
    assert message_problems(block("rich_text", elements=[part(kind, elements=[])])) == []


@pytest.mark.parametrize(
    ("kind", "own", "pointer", "message"),
    [
        ("rich_text_section", {"border": 1}, "", "invalid additional property: border"),
        ("rich_text_quote", {"border": 2}, "/border", "must be less than 1"),
        ("rich_text_quote", {"border": -1}, "/border", "must be greater than 0"),
        ("rich_text_list", {"style": "dashed"}, "/style", "must be a valid enum value"),
        ("rich_text_list", {"indent": 9}, "/indent", "must be less than 8"),
        ("rich_text_list", {"indent": -1}, "/indent", "must be greater than 0"),
        ("rich_text_list", {"offset": -1}, "/offset", "must be greater than 0"),
        ("rich_text_list", {"elements": "one"}, "/elements", "must provide an array"),
        (
            "rich_text_list",
            {"elements": [part("rich_text_list")]},
            "/elements/0/type",
            "unsupported type: rich_text_list",
        ),
    ],
)
def test_invalid_part_is_refused(kind: str, own: Json, pointer: str, message: str) -> None:
    problems = message_problems(block("rich_text", elements=[part(kind, **own)]))

    assert problems == lines_at(f"{IN_PART}{pointer}", message)


def test_list_without_a_style_is_refused() -> None:
    plain_list = {"type": "rich_text_list", "elements": [SECTION]}

    assert message_problems(block("rich_text", elements=[plain_list])) == lines_at(
        IN_PART, "missing required field: style"
    )
