"""Rich text: every part and piece of it, and what Slack refuses in them."""

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
def test_slack_takes_the_piece(kind: str) -> None:
    assert message_problems(rich_text(piece(kind, style=dict.fromkeys(STYLES, True)))) == []


@pytest.mark.parametrize("kind", PIECES)
def test_no_piece_has_a_property_or_style_that_slack_does_not_know(kind: str) -> None:
    message = "invalid additional property: loud"

    assert message_problems(rich_text(piece(kind, loud=True))) == lines_at(IN_PIECE, message)
    assert message_problems(rich_text(piece(kind, style={"loud": True}))) == lines_at(
        f"{IN_PIECE}/style", message
    )


@pytest.mark.parametrize("style", STYLES)
def test_a_style_is_a_yes_or_a_no(style: str) -> None:
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
def test_slack_refuses_the_piece(kind: str, own: Json, pointer: str, message: str) -> None:
    said = message_problems(rich_text(piece(kind, **own)))

    assert said == lines_at(f"{IN_PIECE}{pointer}", message)


@pytest.mark.parametrize(("kind", "name"), [(k, next(iter(own))) for k, own in PIECES.items()])
def test_no_piece_does_without_what_it_shows(kind: str, name: str) -> None:
    shown = {key: value for key, value in piece(kind).items() if key != name}

    assert message_problems(rich_text(shown)) == lines_at(
        IN_PIECE, f"missing required field: {name}"
    )


def test_there_are_no_other_pieces() -> None:
    said = message_problems(rich_text({"type": "shout", "text": "Hi"}))

    assert said == lines_at(f"{IN_PIECE}/type", "unsupported type: shout")


@pytest.mark.parametrize("kind", PARTS)
def test_slack_takes_the_part(kind: str) -> None:
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
def test_slack_refuses_the_part(kind: str, own: Json, pointer: str, message: str) -> None:
    said = message_problems(block("rich_text", elements=[part(kind, **own)]))

    assert said == lines_at(f"{IN_PART}{pointer}", message)


def test_a_list_says_how_it_is_marked() -> None:
    plain_list = {"type": "rich_text_list", "elements": [SECTION]}

    assert message_problems(block("rich_text", elements=[plain_list])) == lines_at(
        IN_PART, "missing required field: style"
    )
