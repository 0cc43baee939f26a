"""Rules for rich text, the format of Slack's editor."""

from sandbox.slack.blockkit.schema_rules import (
    Rule,
    array_of,
    boolean,
    enum_of,
    integer,
    object_by_type,
    object_with,
    string,
)

_NOT_EMPTY_STRING = string(min_length=1)
_STYLE_FIELDS = {
    "style": object_with(
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


def _inline_rule(**required: Rule) -> Rule:
    return object_with(required, _STYLE_FIELDS)


INLINE_ELEMENTS = {
    "text": _inline_rule(text=_NOT_EMPTY_STRING),
    "user": _inline_rule(user_id=_NOT_EMPTY_STRING),
    "usergroup": _inline_rule(usergroup_id=_NOT_EMPTY_STRING),
    "channel": _inline_rule(channel_id=_NOT_EMPTY_STRING),
    "team": _inline_rule(team_id=_NOT_EMPTY_STRING),
    "color": _inline_rule(value=_NOT_EMPTY_STRING),
    "broadcast": _inline_rule(range=enum_of("here", "channel", "everyone")),
    "link": object_with(
        {"url": _NOT_EMPTY_STRING}, {"text": _NOT_EMPTY_STRING, "unsafe": boolean, **_STYLE_FIELDS}
    ),
    "emoji": object_with(
        {"name": _NOT_EMPTY_STRING},
        {"unicode": _NOT_EMPTY_STRING, "skin_tone": integer(), **_STYLE_FIELDS},
    ),
    "date": object_with(
        {"timestamp": integer(), "format": _NOT_EMPTY_STRING},
        {"url": _NOT_EMPTY_STRING, "fallback": _NOT_EMPTY_STRING, **_STYLE_FIELDS},
    ),
}
_INLINE_LIST = array_of(object_by_type(INLINE_ELEMENTS))
_BORDER_FIELDS = {"border": integer(minimum=0, maximum=1)}
_SECTION = object_with({"elements": _INLINE_LIST})
RICH_TEXT_ELEMENTS = {
    "rich_text_section": _SECTION,
    "rich_text_quote": object_with({"elements": _INLINE_LIST}, _BORDER_FIELDS),
    "rich_text_preformatted": object_with(
        {"elements": _INLINE_LIST}, {**_BORDER_FIELDS, "language": _NOT_EMPTY_STRING}
    ),
    # A list contains no list: a deeper level is a sibling with an indent.
    "rich_text_list": object_with(
        {
            "elements": array_of(object_by_type({"rich_text_section": _SECTION})),
            "style": enum_of("bullet", "ordered"),
        },
        {"indent": integer(minimum=0, maximum=8), "offset": integer(minimum=0), **_BORDER_FIELDS},
    ),
}
RICH_TEXT_FIELDS = {"elements": array_of(object_by_type(RICH_TEXT_ELEMENTS), min_items=1)}
