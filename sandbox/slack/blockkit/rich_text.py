"""Rich text: what people write in Slack's editor, piece by piece."""

from sandbox.slack.blockkit.rules import (
    Rule,
    boolean,
    integer,
    items,
    kinds,
    one_word_of,
    shape,
    string,
)

_WORD = string(least=1)
_LOOKS = {
    "style": shape(
        {},
        {
            "bold": boolean,
            "italic": boolean,
            "strike": boolean,
            "underline": boolean,
            "code": boolean,
            "highlight": boolean,
            "client_highlight": boolean,
            "unlink": boolean,
        },
    )
}


def _piece(**required: Rule) -> Rule:
    return shape(required, _LOOKS)


PIECES = {
    "text": _piece(text=_WORD),
    "user": _piece(user_id=_WORD),
    "usergroup": _piece(usergroup_id=_WORD),
    "channel": _piece(channel_id=_WORD),
    "team": _piece(team_id=_WORD),
    "color": _piece(value=_WORD),
    "broadcast": _piece(range=one_word_of("here", "channel", "everyone")),
    "link": shape({"url": _WORD}, {"text": _WORD, "unsafe": boolean, **_LOOKS}),
    "emoji": shape({"name": _WORD}, {"unicode": _WORD, "skin_tone": integer(), **_LOOKS}),
    "date": shape(
        {"timestamp": integer(), "format": _WORD}, {"url": _WORD, "fallback": _WORD, **_LOOKS}
    ),
}
_PIECES = items(kinds(PIECES))
_BORDER = {"border": integer(least=0, most=1)}
_SECTION = shape({"elements": _PIECES})
PARTS = {
    "rich_text_section": _SECTION,
    "rich_text_quote": shape({"elements": _PIECES}, _BORDER),
    "rich_text_preformatted": shape({"elements": _PIECES}, {**_BORDER, "language": _WORD}),
    # A list holds no list: what is deeper stands beside it with an indent.
    "rich_text_list": shape(
        {
            "elements": items(kinds({"rich_text_section": _SECTION})),
            "style": one_word_of("bullet", "ordered"),
        },
        {"indent": integer(least=0, most=8), "offset": integer(least=0), **_BORDER},
    ),
}
RICH_TEXT = {"elements": items(kinds(PARTS), least=1)}
