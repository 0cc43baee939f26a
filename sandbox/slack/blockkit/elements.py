"""Block elements: one row for each, and the blocks they may stand in."""

from collections.abc import Iterator, Mapping
from datetime import date

from sandbox.slack.blockkit.agreement import (
    initial_option_is_offered,
    initial_options_are_offered,
    lengths_agree,
    no_more_chosen_than_allowed,
    numbers_agree,
)
from sandbox.slack.blockkit.objects import (
    ALT_TEXT,
    CONFIRM,
    DISPATCH,
    FILTER,
    LINK,
    ONE_PICTURE,
    OPTION,
    OPTION_GROUP,
    OPTION_WITH_LINK,
    OPTION_WITH_MARKUP,
    PICTURE,
    STYLE,
    TEXT_KINDS,
    plain_text,
)
from sandbox.slack.blockkit.problems import Problem
from sandbox.slack.blockkit.rich_text import RICH_TEXT
from sandbox.slack.blockkit.rules import (
    Rule,
    Together,
    boolean,
    exactly_one_of,
    integer,
    items,
    kinds,
    one_after_the_other,
    shape,
    string,
)

_ID = string(least=1)
_NUMBER = string(pattern=r"^-?\d+(\.\d+)?$")
_DATE = r"^\d{4}-\d{2}-\d{2}$"
_NAMED = {"action_id": string(least=1, most=255)}
_FOCUSED = {**_NAMED, "focus_on_load": boolean}
_CONFIRMED = {**_FOCUSED, "confirm": CONFIRM}
_HINTED = {**_CONFIRMED, "placeholder": plain_text(150)}
_TYPED = {**_FOCUSED, "placeholder": plain_text(150), "dispatch_action_config": DISPATCH}
_CHOICES = {"options": items(OPTION_WITH_MARKUP, least=1, most=10)}
_OFFERED = {
    "options": items(OPTION, least=1, most=100),
    "option_groups": items(OPTION_GROUP, least=1, most=100),
}
_ONE_OFFER = exactly_one_of("options", "option_groups")
_SEARCHED = {"min_query_length": integer(least=0)}
_CONVERSATION = {"filter": FILTER, "default_to_current_conversation": boolean}
_REPLYING = {"response_url_enabled": boolean}


def _in_the_calendar(value: object, pointer: str) -> Iterator[Problem]:
    try:
        date.fromisoformat(str(value))
    except ValueError:
        # Slack's words for a February 30th are not recorded; these are for a wrong form.
        yield Problem(f"input must match regex pattern: {_DATE}", pointer)


def _select(own: Mapping[str, Rule], *together: Together) -> Rule:
    return shape({}, {**_HINTED, **own}, *together)


def _multi_select(own: Mapping[str, Rule], *together: Together) -> Rule:
    several = {**_HINTED, **own, "max_selected_items": integer(least=1)}
    return shape({}, several, *together, no_more_chosen_than_allowed)


_BUTTONS = {
    "button": shape(
        {"text": plain_text(75)},
        {
            **_NAMED,
            "url": LINK,
            "value": string(least=1, most=2000),
            "style": STYLE,
            "confirm": CONFIRM,
            "accessibility_label": string(least=1, most=75),
        },
    ),
    "overflow": shape(
        {"options": items(OPTION_WITH_LINK, least=1, most=5)}, {**_NAMED, "confirm": CONFIRM}
    ),
}
_SELECTS = {
    "static_select": _select(
        {**_OFFERED, "initial_option": OPTION}, _ONE_OFFER, initial_option_is_offered
    ),
    "external_select": _select({**_SEARCHED, "initial_option": OPTION}),
    "users_select": _select({"initial_user": _ID}),
    "channels_select": _select({**_REPLYING, "initial_channel": _ID}),
    "conversations_select": _select({**_CONVERSATION, **_REPLYING, "initial_conversation": _ID}),
    "multi_static_select": _multi_select(
        {**_OFFERED, "initial_options": items(OPTION)},
        _ONE_OFFER,
        initial_options_are_offered,
    ),
    "multi_external_select": _multi_select(
        {**_SEARCHED, "initial_options": items(OPTION, least=1)}
    ),
    "multi_users_select": _multi_select({"initial_users": items(_ID, least=1)}),
    "multi_channels_select": _multi_select({"initial_channels": items(_ID, least=1)}),
    "multi_conversations_select": _multi_select(
        {**_CONVERSATION, "initial_conversations": items(_ID, least=1)}
    ),
}
_PICKERS = {
    "checkboxes": shape(
        _CHOICES,
        {**_CONFIRMED, "initial_options": items(OPTION_WITH_MARKUP)},
        initial_options_are_offered,
    ),
    "radio_buttons": shape(
        _CHOICES, {**_CONFIRMED, "initial_option": OPTION_WITH_MARKUP}, initial_option_is_offered
    ),
    "datepicker": _select(
        {"initial_date": one_after_the_other(string(pattern=_DATE), _in_the_calendar)}
    ),
    "timepicker": _select(
        {"initial_time": string(pattern=r"^([01]\d|2[0-3]):[0-5]\d$"), "timezone": _ID}
    ),
}
# Ten digits, says the documentation: a moment between 2001 and 2286.
_DATETIMEPICKER = {
    "datetimepicker": shape(
        {}, {**_CONFIRMED, "initial_date_time": integer(least=1_000_000_000, most=9_999_999_999)}
    )
}
_INPUTS = {
    "plain_text_input": shape(
        {},
        {
            **_TYPED,
            "initial_value": string(),
            "multiline": boolean,
            "min_length": integer(least=0),
            "max_length": integer(least=1, most=3000),
        },
        lengths_agree,
    ),
    "email_text_input": shape({}, {**_TYPED, "initial_value": string()}),
    "url_text_input": shape({}, {**_TYPED, "initial_value": string()}),
    "number_input": shape(
        {"is_decimal_allowed": boolean},
        {**_TYPED, **dict.fromkeys(("initial_value", "min_value", "max_value"), _NUMBER)},
        numbers_agree,
    ),
    "rich_text_input": shape(
        {}, {**_TYPED, "initial_value": kinds({"rich_text": shape(RICH_TEXT)})}
    ),
}
_FILES = {
    "file_input": shape(
        {}, {**_NAMED, "filetypes": items(_ID, least=1), "max_files": integer(least=1, most=10)}
    )
}
_IMAGE = {"image": shape(ALT_TEXT, PICTURE, ONE_PICTURE)}

IN_ACTIONS = {**_BUTTONS, **_SELECTS, **_PICKERS, **_DATETIMEPICKER}
IN_SECTION = {**_BUTTONS, **_SELECTS, **_PICKERS, **_IMAGE}
IN_INPUT = {**_SELECTS, **_PICKERS, **_DATETIMEPICKER, **_INPUTS}
IN_MODAL_INPUT = {**IN_INPUT, **_FILES}
IN_CONTEXT = {**TEXT_KINDS, **_IMAGE}
