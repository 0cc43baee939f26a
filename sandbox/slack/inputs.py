"""Elements that hold something: how Slack writes their state, and what a person chose."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sandbox.slack.markup import Names
from sandbox.slack.screen import elements_of, text_of
from sandbox.slack.shapes import Json

# element type → (key of its value in state.values, key of its initial value, holds several)
_HOLDERS: dict[str, tuple[str, str, bool]] = {
    "plain_text_input": ("value", "initial_value", False),
    "email_text_input": ("value", "initial_value", False),
    "url_text_input": ("value", "initial_value", False),
    "number_input": ("value", "initial_value", False),
    "rich_text_input": ("rich_text_value", "initial_value", False),
    "static_select": ("selected_option", "initial_option", False),
    "external_select": ("selected_option", "initial_option", False),
    "radio_buttons": ("selected_option", "initial_option", False),
    "users_select": ("selected_user", "initial_user", False),
    "channels_select": ("selected_channel", "initial_channel", False),
    "conversations_select": ("selected_conversation", "initial_conversation", False),
    "datepicker": ("selected_date", "initial_date", False),
    "timepicker": ("selected_time", "initial_time", False),
    "datetimepicker": ("selected_date_time", "initial_date_time", False),
    "checkboxes": ("selected_options", "initial_options", True),
    "multi_static_select": ("selected_options", "initial_options", True),
    "multi_external_select": ("selected_options", "initial_options", True),
    "multi_users_select": ("selected_users", "initial_users", True),
    "multi_channels_select": ("selected_channels", "initial_channels", True),
    "multi_conversations_select": ("selected_conversations", "initial_conversations", True),
    "file_input": ("files", "initial_files", True),
}
EXTERNAL = ("external_select", "multi_external_select")

Resolve = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Field:
    """One element that holds something, where it stands, and what it is called on screen."""

    label: str
    block: Json
    element: Json

    @property
    def block_id(self) -> str:
        return str(self.block["block_id"])

    @property
    def action_id(self) -> str:
        return str(self.element["action_id"])

    @property
    def type(self) -> str:
        return str(self.element["type"])

    @property
    def is_input(self) -> bool:
        return bool(self.block["type"] == "input")

    @property
    def required(self) -> bool:
        return self.is_input and not self.block.get("optional")

    @property
    def dispatches(self) -> bool:
        """Whether the app hears of a choice at once, before anything is submitted."""
        return not self.is_input or bool(self.block.get("dispatch_action"))


def fields_of(blocks: Iterable[Json], names: Names) -> list[Field]:
    return [
        Field(label=_label(block, element, names), block=block, element=element)
        for block, element in elements_of(blocks)
        if element.get("type") in _HOLDERS
    ]


def _label(block: Json, element: Json, names: Names) -> str:
    if block["type"] == "input":
        return text_of(block["label"], names)
    placeholder = text_of(element.get("placeholder"), names)
    return placeholder or text_of(block.get("text"), names)


def initial_state(element: Json) -> Json:
    key, initial, several = _HOLDERS[element["type"]]
    empty: object = [] if several else None
    return {"type": element["type"], key: element.get(initial, empty)}


def state_of(element: Json, value: object) -> Json:
    """The element's state with this value, as it stands in state.values."""
    return {"type": element["type"], _HOLDERS[element["type"]][0]: value}


def held(state: Json) -> object:
    return state[_HOLDERS[state["type"]][0]]


def is_empty(state: Json) -> bool:
    return held(state) in (None, "", [])


def shown_value(state: Json, names: Names) -> str | list[str] | None:
    """What the person reads in the element."""
    value = held(state)
    if isinstance(value, list):
        return [_shown_one(state["type"], one, names) for one in value]
    return None if value is None else _shown_one(state["type"], value, names)


def _shown_one(kind: str, value: object, names: Names) -> str:
    if isinstance(value, dict) and "text" in value:
        return text_of(value["text"], names)
    if any(word in kind for word in ("users", "channels", "conversations")):
        return names(str(value))
    return str(value)


def holds_several(element: Json) -> bool:
    return _HOLDERS[element["type"]][2]


def options_of(element: Json) -> list[Json]:
    grouped = [o for group in element.get("option_groups", ()) for o in group["options"]]
    return [*element.get("options", ()), *grouped]


def chosen(
    element: Json, value: str, *, options: list[Json], names: Names, find: Resolve
) -> object:
    """One choice by what is read on screen; LookupError when it is not to be chosen."""
    kind = element["type"]
    if "users" in kind or "channels" in kind or "conversations" in kind:
        return find(value)
    if "select" in kind or kind in ("checkboxes", "radio_buttons"):
        return option_called(value, options, names)
    return int(value) if kind == "datetimepicker" else value


def option_called(text: str, options: list[Json], names: Names) -> Json:
    for option in options:
        if text_of(option["text"], names) == text:
            return option
    there = ", ".join(text_of(option["text"], names) for option in options)
    raise LookupError(f"There is no option {text!r} here, only: {there or 'none'}.")
