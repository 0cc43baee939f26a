"""Rules for each block element, and the elements that each block allows."""

from collections.abc import Iterator, Mapping
from datetime import date

from sandbox.slack.blockkit.cross_field_rules import (
    check_initial_option,
    check_initial_options,
    check_lengths,
    check_numbers,
    check_selected_count,
)
from sandbox.slack.blockkit.objects import (
    ALT_TEXT_FIELDS,
    CONFIRM,
    DISPATCH_CONFIG,
    EXACTLY_ONE_PICTURE,
    FILTER,
    LINK,
    OPTION,
    OPTION_GROUP,
    OPTION_WITH_LINK,
    OPTION_WITH_MARKUP,
    PICTURE_FIELDS,
    STYLE,
    TEXT_KINDS,
    plain_text,
)
from sandbox.slack.blockkit.problems import Problem
from sandbox.slack.blockkit.rich_text import RICH_TEXT_FIELDS
from sandbox.slack.blockkit.schema_rules import (
    CrossFieldRule,
    Rule,
    all_in_order,
    array_of,
    boolean,
    exactly_one_of,
    integer,
    object_by_type,
    object_with,
    string,
)

_ID = string(min_length=1)
_NUMBER = string(pattern=r"^-?\d+(\.\d+)?$")
_DATE = r"^\d{4}-\d{2}-\d{2}$"
_ACTION_ID_FIELDS = {"action_id": string(min_length=1, max_length=255)}
_FOCUS_FIELDS = {**_ACTION_ID_FIELDS, "focus_on_load": boolean}
_CONFIRM_FIELDS = {**_FOCUS_FIELDS, "confirm": CONFIRM}
_PLACEHOLDER_FIELDS = {**_CONFIRM_FIELDS, "placeholder": plain_text(150)}
_TEXT_INPUT_FIELDS = {
    **_FOCUS_FIELDS,
    "placeholder": plain_text(150),
    "dispatch_action_config": DISPATCH_CONFIG,
}
_CHOICE_FIELDS = {"options": array_of(OPTION_WITH_MARKUP, min_items=1, max_items=10)}
_OPTION_FIELDS = {
    "options": array_of(OPTION, min_items=1, max_items=100),
    "option_groups": array_of(OPTION_GROUP, min_items=1, max_items=100),
}
_EXACTLY_ONE_OPTION_LIST = exactly_one_of("options", "option_groups")
_SEARCH_FIELDS = {"min_query_length": integer(minimum=0)}
_CONVERSATION_FIELDS = {"filter": FILTER, "default_to_current_conversation": boolean}
_RESPONSE_URL_FIELDS = {"response_url_enabled": boolean}


def _check_calendar_date(value: object, pointer: str) -> Iterator[Problem]:
    try:
        date.fromisoformat(str(value))
    except ValueError:
        # No record has Slack's text for 30 February; this is its text for a wrong format.
        yield Problem(f"input must match regex pattern: {_DATE}", pointer)


def _select_rule(own_fields: Mapping[str, Rule], *cross_field_rules: CrossFieldRule) -> Rule:
    return object_with({}, {**_PLACEHOLDER_FIELDS, **own_fields}, *cross_field_rules)


def _multi_select_rule(own_fields: Mapping[str, Rule], *cross_field_rules: CrossFieldRule) -> Rule:
    fields = {**_PLACEHOLDER_FIELDS, **own_fields, "max_selected_items": integer(minimum=1)}
    return object_with({}, fields, *cross_field_rules, check_selected_count)


_BUTTONS = {
    "button": object_with(
        {"text": plain_text(75)},
        {
            **_ACTION_ID_FIELDS,
            "url": LINK,
            "value": string(min_length=1, max_length=2000),
            "style": STYLE,
            "confirm": CONFIRM,
            "accessibility_label": string(min_length=1, max_length=75),
        },
    ),
    "overflow": object_with(
        {"options": array_of(OPTION_WITH_LINK, min_items=1, max_items=5)},
        {**_ACTION_ID_FIELDS, "confirm": CONFIRM},
    ),
}
_SELECTS = {
    "static_select": _select_rule(
        {**_OPTION_FIELDS, "initial_option": OPTION}, _EXACTLY_ONE_OPTION_LIST, check_initial_option
    ),
    "external_select": _select_rule({**_SEARCH_FIELDS, "initial_option": OPTION}),
    "users_select": _select_rule({"initial_user": _ID}),
    "channels_select": _select_rule({**_RESPONSE_URL_FIELDS, "initial_channel": _ID}),
    "conversations_select": _select_rule(
        {**_CONVERSATION_FIELDS, **_RESPONSE_URL_FIELDS, "initial_conversation": _ID}
    ),
    "multi_static_select": _multi_select_rule(
        {**_OPTION_FIELDS, "initial_options": array_of(OPTION)},
        _EXACTLY_ONE_OPTION_LIST,
        check_initial_options,
    ),
    "multi_external_select": _multi_select_rule(
        {**_SEARCH_FIELDS, "initial_options": array_of(OPTION, min_items=1)}
    ),
    "multi_users_select": _multi_select_rule({"initial_users": array_of(_ID, min_items=1)}),
    "multi_channels_select": _multi_select_rule({"initial_channels": array_of(_ID, min_items=1)}),
    "multi_conversations_select": _multi_select_rule(
        {**_CONVERSATION_FIELDS, "initial_conversations": array_of(_ID, min_items=1)}
    ),
}
_PICKERS = {
    "checkboxes": object_with(
        _CHOICE_FIELDS,
        {**_CONFIRM_FIELDS, "initial_options": array_of(OPTION_WITH_MARKUP)},
        check_initial_options,
    ),
    "radio_buttons": object_with(
        _CHOICE_FIELDS,
        {**_CONFIRM_FIELDS, "initial_option": OPTION_WITH_MARKUP},
        check_initial_option,
    ),
    "datepicker": _select_rule(
        {"initial_date": all_in_order(string(pattern=_DATE), _check_calendar_date)}
    ),
    "timepicker": _select_rule(
        {"initial_time": string(pattern=r"^([01]\d|2[0-3]):[0-5]\d$"), "timezone": _ID}
    ),
}
# Slack's documentation requires ten digits: a time between 2001 and 2286.
_DATETIMEPICKER = {
    "datetimepicker": object_with(
        {},
        {
            **_CONFIRM_FIELDS,
            "initial_date_time": integer(minimum=1_000_000_000, maximum=9_999_999_999),
        },
    )
}
_INPUTS = {
    "plain_text_input": object_with(
        {},
        {
            **_TEXT_INPUT_FIELDS,
            "initial_value": string(),
            "multiline": boolean,
            "min_length": integer(minimum=0),
            "max_length": integer(minimum=1, maximum=3000),
        },
        check_lengths,
    ),
    "email_text_input": object_with({}, {**_TEXT_INPUT_FIELDS, "initial_value": string()}),
    "url_text_input": object_with({}, {**_TEXT_INPUT_FIELDS, "initial_value": string()}),
    "number_input": object_with(
        {"is_decimal_allowed": boolean},
        {
            **_TEXT_INPUT_FIELDS,
            **dict.fromkeys(("initial_value", "min_value", "max_value"), _NUMBER),
        },
        check_numbers,
    ),
    "rich_text_input": object_with(
        {},
        {
            **_TEXT_INPUT_FIELDS,
            "initial_value": object_by_type({"rich_text": object_with(RICH_TEXT_FIELDS)}),
        },
    ),
}
_FILES = {
    "file_input": object_with(
        {},
        {
            **_ACTION_ID_FIELDS,
            "filetypes": array_of(_ID, min_items=1),
            "max_files": integer(minimum=1, maximum=10),
        },
    )
}
_IMAGE = {"image": object_with(ALT_TEXT_FIELDS, PICTURE_FIELDS, EXACTLY_ONE_PICTURE)}

ACTIONS_ELEMENTS = {**_BUTTONS, **_SELECTS, **_PICKERS, **_DATETIMEPICKER}
SECTION_ELEMENTS = {**_BUTTONS, **_SELECTS, **_PICKERS, **_IMAGE}
INPUT_ELEMENTS = {**_SELECTS, **_PICKERS, **_DATETIMEPICKER, **_INPUTS}
MODAL_INPUT_ELEMENTS = {**INPUT_ELEMENTS, **_FILES}
CONTEXT_ELEMENTS = {**TEXT_KINDS, **_IMAGE}
