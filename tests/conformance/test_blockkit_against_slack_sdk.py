"""Our Block Kit rules compared with slack_sdk.models: its refusals and its valid objects."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models import views
from slack_sdk.models.blocks import (
    Block,
    BlockElement,
    basic_components,
    block_elements,
    blocks,
)
from slack_sdk.models.views import View

from sandbox.slack.blockkit import Problem, check_message, check_view
from tests.sandbox.slack.blockkit.sample_blocks import (
    BLOCKS,
    ELEMENTS,
    Json,
    actions,
    block,
    button,
    confirm,
    element,
    home,
    input_block,
    message_problems,
    modal,
    mrkdwn,
    option,
    option_group,
    options,
    plain_text,
    rich_text,
    section,
    without_key,
)

NOT_MODELLED_BLOCKS = {
    "call": "Slack itself posts it when a call starts",
    "alert": "newer, refused as a whole",
    "auth_provider": "newer, refused as a whole",
    "card": "newer, refused as a whole",
    "carousel": "newer, refused as a whole",
    "container": "newer, refused as a whole",
    "context_actions": "newer, refused as a whole",
    "plan": "newer, refused as a whole",
    "task_card": "newer, refused as a whole",
}
NOT_MODELLED_ELEMENTS = {
    "feedback_buttons": "only in context_actions",
    "icon_button": "only in context_actions",
    "url": "only in task_card",
    "workflow_button": "needs a workflow, and this workspace has none",
}
# Our rules refuse these classes as a whole, so no test breaks their own slack_sdk rules.
CLASSES_NOT_MODELLED = {
    *("AlertBlock", "AuthProviderBlock", "CardBlock", "CarouselBlock", "ContainerBlock"),
    *("ContextActionsBlock", "FeedbackButtonObject", "TaskCardBlock"),
}
OUTSIDE_BLOCK_KIT = {
    "Option._validate_label_length": "a label belongs to dialogs and attachments",
}
LONG_URL = "https://x.de/" + "x" * 3000
BOTH = {"options": [option()], "option_groups": [option_group(option())]}
TOO_MANY_GROUPS = [option_group(option())] * 101
STATIC = {
    "_validate_options_length": {"options": options(101)},
    "_validate_option_groups_length": {"option_groups": TOO_MANY_GROUPS},
    "_validate_options_and_option_groups_both_specified": BOTH,
    "_validate_neither_options_or_option_groups_is_specified": {},
}


def _static(kind: str, class_name: str) -> dict[str, Json]:
    return {f"{class_name}.{rule}": {"type": kind, **own} for rule, own in STATIC.items()}


def _cell(kind: str, **own: object) -> Json:
    return {"type": kind, "text": "", **own}


VIOLATIONS: dict[str, Json] = {
    "RawNumberObject._validate_text_min_length": _cell("raw_number", value=1),
    "RawTextObject._validate_text_min_length": _cell("raw_text"),
    "Option._validate_text_length": option() | {"text": plain_text("x" * 76)},
    "Option._validate_value_length": option() | {"value": "x" * 151},
    "OptionGroup._validate_label_length": option_group(option()) | {"label": plain_text("x" * 76)},
    "OptionGroup._validate_options_length": option_group(*options(101)),
    "ConfirmObject.title_length": confirm() | {"title": plain_text("x" * 101)},
    "ConfirmObject.text_length": confirm() | {"text": mrkdwn("x" * 301)},
    "ConfirmObject.confirm_length": confirm() | {"confirm": plain_text("x" * 31)},
    "ConfirmObject.deny_length": confirm() | {"deny": plain_text("x" * 31)},
    "ConfirmObject._validate_confirm_style": confirm() | {"style": "loud"},
    "InteractiveElement._validate_action_id_length": button(action_id="x" * 256),
    "InputInteractiveElement._validate_placeholder_length": element(
        "users_select", placeholder=plain_text("x" * 151)
    ),
    "ButtonElement._validate_text_length": button(text=plain_text("x" * 76)),
    "ButtonElement._validate_url_length": button(url=LONG_URL),
    "ButtonElement._validate_value_length": button(value="x" * 2001),
    "ButtonElement._validate_style_valid": button(style="loud"),
    "ButtonElement._validate_accessibility_label_length": button(accessibility_label="x" * 76),
    "ButtonElement._validate_agent_prompt_length": button(agent_prompt="x" * 4001),
    "DatePickerElement._validate_initial_date_valid": element("datepicker", initial_date="1.2.26"),
    "TimePickerElement._validate_initial_time_valid": element("timepicker", initial_time="25:00"),
    "DateTimePickerElement._validate_initial_date_time_valid": element(
        "datetimepicker", initial_date_time=10_000_000_000
    ),
    "ImageElement._validate_image_url_length": element("image", image_url=LONG_URL),
    "ImageElement._validate_alt_text_length": element("image", alt_text="x" * 2001),
    **_static("static_select", "StaticSelectElement"),
    **_static("static_select", "SelectElement"),
    **_static("multi_static_select", "StaticMultiSelectElement"),
    "OverflowMenuElement._validate_options_length": element("overflow", options=options(6)),
    "Block._validate_block_id_length": block("divider", block_id="x" * 256),
    "SectionBlock._validate_text_or_fields_populated": {"type": "section"},
    "SectionBlock._validate_fields_length": section(fields=[mrkdwn()] * 11),
    "SectionBlock._validate_alt_text_length": section(text=mrkdwn("x" * 3001)),
    "ImageBlock._validate_image_url_length": block("image", image_url=LONG_URL),
    "ImageBlock._validate_alt_text_length": block("image", alt_text="x" * 2001),
    "ImageBlock._validate_title_length": block("image", title=plain_text("x" * 2001)),
    "ActionsBlock._validate_elements_length": actions(*[button()] * 26),
    "ContextBlock._validate_elements_length": block("context", elements=[mrkdwn()] * 11),
    "InputBlock._validate_label_length": block("input", label=plain_text("x" * 2001)),
    "InputBlock._validate_hint_length": block("input", hint=plain_text("x" * 2001)),
    "InputBlock._validate_element_type": input_block(button()),
    "HeaderBlock._validate_text": {"type": "header"},
    "HeaderBlock._validate_alt_text_length": block("header", text=plain_text("x" * 151)),
    "MarkdownBlock._validate_text": block("markdown", text=""),
    "MarkdownBlock._validate_alt_text_length": block("markdown", text="x" * 12_001),
    "VideoBlock._validate_alt_text": without_key(block("video"), "alt_text"),
    "VideoBlock._validate_video_url": without_key(block("video"), "video_url"),
    "VideoBlock._validate_thumbnail_url": without_key(block("video"), "thumbnail_url"),
    "VideoBlock._validate_title": without_key(block("video"), "title"),
    "VideoBlock._validate_title_length": block("video", title=plain_text("x" * 200)),
    "VideoBlock._validate_author_name_length": block("video", author_name="x" * 50),
    "TableBlock._validate_rows": block("table", rows=[]),
    "View._validate_type": modal(section(), type="dialog"),
    "View._validate_title_length": modal(section(), title=plain_text("x" * 25)),
    "View._validate_blocks_length": modal(*[section()] * 101),
    "View._validate_home_tab_structure": home(section(), submit=plain_text()),
    "View._validate_close_length": modal(section(), close=plain_text("x" * 25)),
    "View._validate_submit_length": modal(section(), submit=plain_text("x" * 25)),
    "View._validate_private_metadata_max_length": modal(section(), private_metadata="x" * 3001),
    "View._validate_callback_id_max_length": modal(section(), callback_id="x" * 256),
}
# slack_sdk builds no object of these base classes, so a test builds a subclass.
BUILDABLE_CLASSES = {
    "InteractiveElement": block_elements.ButtonElement,
    "InputInteractiveElement": block_elements.UserSelectElement,
    "Block": blocks.DividerBlock,
}


def sdk_classes() -> Iterator[type]:
    for module in (basic_components, block_elements, blocks, views):
        for value in vars(module).values():
            if inspect.isclass(value) and value.__module__ == module.__name__:
                yield value


SDK = {sdk_class.__name__: sdk_class for sdk_class in sdk_classes()}
SDK_RULES = {
    f"{name}.{rule}"
    for name, sdk_class in SDK.items()
    for rule, method in vars(sdk_class).items()
    if getattr(method, "validator", False)
}


def sdk_types(base: type) -> set[str]:
    subclasses = [sdk_class for sdk_class in SDK.values() if issubclass(sdk_class, base)]
    types = {getattr(subclass, "type", None) for subclass in subclasses}
    return {kind for kind in types if isinstance(kind, str)}


# The smallest block around a part that is no block itself, by the part's class.
AROUND: dict[str, Callable[[Json], Json]] = {
    "ConfirmObject": lambda part: actions(button(confirm=part)),
    "Option": lambda part: actions(element("static_select", options=[part])),
    "OptionGroup": lambda part: actions({"type": "static_select", "option_groups": [part]}),
    "RawNumberObject": lambda part: block("table", rows=[[part]]),
    "RawTextObject": lambda part: block("table", rows=[[part]]),
    "ImageElement": lambda part: section(accessory=part),
    "ButtonElement": actions,
    "InteractiveElement": actions,
    "OverflowMenuElement": actions,
}


def problems(part: Json, class_name: str) -> list[Problem]:
    """Return our problems with this part in the smallest message or view around it."""
    if class_name == "View":
        return check_view(part)
    if issubclass(SDK[class_name], Block):
        return check_message([part])
    if class_name in AROUND:
        return check_message([AROUND[class_name](part)])
    return check_view(modal(input_block(part)))


@pytest.mark.parametrize("rule", VIOLATIONS)
def test_payload_that_slack_sdk_refuses_is_refused(rule: str) -> None:
    class_name, _, name = rule.partition(".")
    part = VIOLATIONS[rule]
    arguments = part if class_name == "View" else without_key(part, "type")
    sdk_object: Any = BUILDABLE_CLASSES.get(class_name, SDK[class_name])(**arguments)

    with pytest.raises(SlackObjectFormationError):
        getattr(sdk_object, name)()
    assert problems(part, class_name)


def test_each_rule_of_slack_sdk_has_a_violation() -> None:
    modelled = {rule for rule in SDK_RULES if rule.partition(".")[0] not in CLASSES_NOT_MODELLED}

    assert modelled - set(OUTSIDE_BLOCK_KIT) == set(VIOLATIONS)


def test_all_slack_sdk_types_are_modelled_or_listed() -> None:
    rich_text_parts = sdk_types(block_elements.RichTextElement)

    assert sdk_types(Block) == {*BLOCKS, *NOT_MODELLED_BLOCKS}
    assert sdk_types(BlockElement) - rich_text_parts == {*ELEMENTS, *NOT_MODELLED_ELEMENTS}


@pytest.mark.parametrize("kind", NOT_MODELLED_BLOCKS)
def test_unmodelled_block_is_refused_as_a_whole(kind: str) -> None:
    assert message_problems({"type": kind}) == [
        f"unsupported type: {kind} [json-pointer:/blocks/0/type]"
    ]


FULL: dict[str, Json] = {
    "button": {"action_id": "a", "value": "v", "style": "danger", "confirm": confirm()},
    "overflow": {"action_id": "a", "options": [option() | {"url": "https://example.com"}]},
    "static_select": {
        "placeholder": plain_text(),
        "initial_option": option(),
        "confirm": confirm(),
    },
    "multi_static_select": {"initial_options": [option()], "max_selected_items": 2},
    "external_select": {"min_query_length": 2, "initial_option": option()},
    "multi_external_select": {"initial_options": [option()]},
    "users_select": {"initial_user": "U1"},
    "multi_users_select": {"initial_users": ["U1"]},
    "channels_select": {"initial_channel": "C1"},
    "multi_channels_select": {"initial_channels": ["C1"]},
    "conversations_select": {"filter": {"include": ["im"]}, "response_url_enabled": True},
    "multi_conversations_select": {"filter": {"exclude_bot_users": True}},
    "checkboxes": {"initial_options": [option()]},
    "radio_buttons": {"initial_option": option()},
    "datepicker": {"initial_date": "2026-11-23", "placeholder": plain_text()},
    "timepicker": {"initial_time": "09:30", "timezone": "Europe/Berlin"},
    "datetimepicker": {"initial_date_time": 1_700_000_000},
    "plain_text_input": {"multiline": True, "min_length": 1, "max_length": 9},
    "email_text_input": {"initial_value": "ada@example.com"},
    "url_text_input": {"initial_value": "https://example.com"},
    "number_input": {"min_value": "1", "max_value": "3", "initial_value": "2"},
    "rich_text_input": {"initial_value": rich_text({"type": "text", "text": "Hi"})},
    "file_input": {"filetypes": ["png"], "max_files": 2},
    "image": {},
}


@pytest.mark.parametrize("kind", ELEMENTS)
def test_element_built_by_slack_sdk_is_accepted(kind: str) -> None:
    sdk_object = BlockElement.parse(element(kind, **FULL[kind]))
    assert sdk_object is not None

    assert problems(sdk_object.to_dict(), type(sdk_object).__name__) == []
    assert sdk_object.to_dict() == element(kind, **FULL[kind])


@pytest.mark.parametrize("kind", BLOCKS)
def test_block_built_by_slack_sdk_is_accepted(kind: str) -> None:
    sdk_object = Block.parse(block(kind, block_id="b"))
    assert sdk_object is not None

    assert check_message([sdk_object.to_dict()]) == []


@pytest.mark.parametrize("view", [modal, home])
def test_view_built_by_slack_sdk_is_accepted(view: Any) -> None:
    sdk_object = View(**view(section(), input_block(element("plain_text_input")), callback_id="c"))

    assert check_view(sdk_object.to_dict()) == []
