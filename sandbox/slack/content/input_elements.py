"""Input elements: their state as Slack writes it, and the choice a person made."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sandbox.slack.content.mrkdwn import ResolveName
from sandbox.slack.content.visible_text import interactive_elements, text_content
from sandbox.slack.primitives.json_types import Json

# element type → (key of its value in state.values, key of its initial value, is multi-value)
_STATE_KEYS: dict[str, tuple[str, str, bool]] = {
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
EXTERNAL_SELECTS = ("external_select", "multi_external_select")

ResolveId = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class InputField:
    """One input element with its block and its visible label."""

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
    def is_required(self) -> bool:
        return self.is_input and not self.block.get("optional")

    @property
    def dispatches_action(self) -> bool:
        """Whether the app gets an action at once, before the form is submitted."""
        return not self.is_input or bool(self.block.get("dispatch_action"))


def input_fields(blocks: Iterable[Json], resolve_name: ResolveName) -> list[InputField]:
    return [
        InputField(label=_field_label(block, element, resolve_name), block=block, element=element)
        for block, element in interactive_elements(blocks)
        if element.get("type") in _STATE_KEYS
    ]


def _field_label(block: Json, element: Json, resolve_name: ResolveName) -> str:
    if block["type"] == "input":
        return text_content(block["label"], resolve_name)
    placeholder = text_content(element.get("placeholder"), resolve_name)
    return placeholder or text_content(block.get("text"), resolve_name)


def initial_state(element: Json) -> Json:
    key, initial_key, is_multi = _STATE_KEYS[element["type"]]
    empty: object = [] if is_multi else None
    return {"type": element["type"], key: element.get(initial_key, empty)}


def to_state(element: Json, value: object) -> Json:
    """Return the element's state with this value, as in state.values."""
    return {"type": element["type"], _STATE_KEYS[element["type"]][0]: value}


def state_value(state: Json) -> object:
    return state[_STATE_KEYS[state["type"]][0]]


def is_state_empty(state: Json) -> bool:
    return state_value(state) in (None, "", [])


def visible_value(state: Json, resolve_name: ResolveName) -> str | list[str] | None:
    """Return the value as the person sees it in the element."""
    value = state_value(state)
    if isinstance(value, list):
        return [_visible_item(state["type"], item, resolve_name) for item in value]
    return None if value is None else _visible_item(state["type"], value, resolve_name)


def _visible_item(kind: str, value: object, resolve_name: ResolveName) -> str:
    if isinstance(value, dict) and "text" in value:
        return text_content(value["text"], resolve_name)
    if any(word in kind for word in ("users", "channels", "conversations")):
        return resolve_name(str(value))
    return str(value)


def is_multi_value(element: Json) -> bool:
    return _STATE_KEYS[element["type"]][2]


def element_options(element: Json) -> list[Json]:
    grouped = [o for group in element.get("option_groups", ()) for o in group["options"]]
    return [*element.get("options", ()), *grouped]


def resolve_choice(
    element: Json,
    value: str,
    *,
    options: list[Json],
    resolve_name: ResolveName,
    resolve_id: ResolveId,
) -> object:
    """Return the state value for one visible choice.

    Raises:
        LookupError: the element does not offer this choice.
    """
    kind = element["type"]
    if "users" in kind or "channels" in kind or "conversations" in kind:
        return resolve_id(value)
    if "select" in kind or kind in ("checkboxes", "radio_buttons"):
        return get_option(value, options, resolve_name)
    return int(value) if kind == "datetimepicker" else value


def get_option(text: str, options: list[Json], resolve_name: ResolveName) -> Json:
    for option in options:
        if text_content(option["text"], resolve_name) == text:
            return option
    available = ", ".join(text_content(option["text"], resolve_name) for option in options)
    raise LookupError(f"There is no option {text!r} here, only: {available or 'none'}.")
