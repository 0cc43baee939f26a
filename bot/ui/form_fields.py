"""The parts of forms: functions that render fields, and the reader of a submitted form."""

from collections.abc import Iterable, Mapping
from typing import Any
from unicodedata import category

from models.messages import block_kit
from models.messages.block_kit import Block

# The action id of an input whose value Frontdesk reads only when the form is submitted.
INPUT_ACTION_ID = "value"
# The action id under which Slack asks for skills while somebody types in a skill menu.
SEARCH_SKILLS = "search_skills"
FORM_NOT_OPENED_TEXT = "Slack did not open the form. Please try again."
_STATE_KEYS = (
    "selected_option", "selected_options", "selected_user", "selected_date", "value",
)  # fmt: skip
_INITIAL_KEYS = (
    "initial_option", "initial_options", "initial_user", "initial_date", "initial_value",
)  # fmt: skip


def plain_text(text: str, *, emoji: bool = False) -> Block:
    """Text without formatting; with `emoji`, Slack renders names such as :red_circle:."""
    return {"type": "plain_text", "text": text, "emoji": emoji}


def input_field(block_id: str, label: str, element: Block, *, hint: str = "", **more: Any) -> Block:
    """A field with its label."""
    block = {"type": "input", "block_id": block_id, "label": plain_text(label), "element": element}
    return {**block, **({"hint": plain_text(hint)} if hint else {}), **more}


def text_input(
    initial: str = "", *, max_length: int, multiline: bool = False, placeholder: str = ""
) -> Block:
    """An input for text."""
    element = {"type": "plain_text_input", "action_id": INPUT_ACTION_ID, "max_length": max_length}
    return {
        **element,
        **({"multiline": True} if multiline else {}),
        **({"placeholder": plain_text(placeholder)} if placeholder else {}),
        **({"initial_value": initial[:max_length]} if initial else {}),
    }


def option(label: str, value: str, *, emoji: bool = False) -> Block:
    """One option of a menu."""
    return {"text": plain_text(label, emoji=emoji), "value": value}


def select_menu(
    options: Iterable[Block],
    selected_value: str | None,
    *,
    action_id: str = INPUT_ACTION_ID,
    **more: Any,
) -> Block:
    """A menu for one option."""
    offered = list(options)
    initial = [choice for choice in offered if choice["value"] == selected_value]
    return {
        "type": "static_select",
        "action_id": action_id,
        "options": offered,
        **({"initial_option": initial[0]} if initial else {}),
        **more,
    }


def multi_select_menu(
    options: Iterable[Block], selected_values: Iterable[str], *, placeholder: str
) -> Block:
    """A menu for any number of options."""
    offered, selected = list(options), set(selected_values)
    initial = [choice for choice in offered if choice["value"] in selected]
    return {
        "type": "multi_static_select",
        "action_id": INPUT_ACTION_ID,
        "placeholder": plain_text(placeholder),
        "options": offered,
        **({"initial_options": initial} if initial else {}),
    }


def checkbox(label: str, value: str, *, is_checked: bool) -> Block:
    """A checkbox."""
    choice = option(label, value)
    element = {"type": "checkboxes", "action_id": INPUT_ACTION_ID, "options": [choice]}
    return {**element, **({"initial_options": [choice]} if is_checked else {})}


def skill_menu(action_id: str, *, placeholder: str, selected_name: str = "") -> Block:
    """A menu for one skill, with a search."""
    return {
        "type": "external_select",
        "action_id": action_id,
        "placeholder": plain_text(placeholder),
        "min_query_length": 0,
        **({"initial_option": option(selected_name, selected_name)} if selected_name else {}),
    }


def multi_skill_menu(selected_names: Iterable[str], *, placeholder: str) -> Block:
    """A menu for any number of skills, with a search."""
    options = [option(name, name) for name in selected_names]
    return {
        "type": "multi_external_select",
        "action_id": SEARCH_SKILLS,
        "placeholder": plain_text(placeholder),
        "min_query_length": 0,
        **({"initial_options": options} if options else {}),
    }


def button(action_id: str, label: str, *, value: str, **more: Any) -> Block:
    """A button."""
    element = {"type": "button", "action_id": action_id, "text": plain_text(label), "value": value}
    return {**element, **more}


def button_row(block_id: str, *elements: Block) -> Block:
    """A row of buttons."""
    return block_kit.actions(block_id, *elements)


def modal(callback_id: str, title: str, submit: str, blocks: Iterable[Block], **more: Any) -> Block:
    """A modal with a form."""
    return {
        "type": "modal",
        "callback_id": callback_id,
        "title": plain_text(title),
        "submit": plain_text(submit),
        "close": plain_text("Back"),
        "blocks": list(blocks),
        **more,
    }


def element_state(view: Mapping[str, Any], block_id: str) -> Block:
    """The state of a block's input in a submitted form; empty if there is none."""
    state: Block = view["state"]["values"].get(block_id, {}).get(INPUT_ACTION_ID, {})
    return state


def typed_text(view: Mapping[str, Any], block_id: str) -> str:
    """The text in a field, without lone surrogates and control characters; line breaks stay."""
    typed: str = element_state(view, block_id).get("value") or ""
    # BSON takes no lone surrogates: PyMongo raises UnicodeEncodeError (bson/__init__.py).
    return "".join(c for c in typed if c in "\n\t" or category(c) not in {"Cc", "Cs"}).strip()


def selected_value(view: Mapping[str, Any], block_id: str) -> str | None:
    """The value of the selected option in a menu for one option."""
    choice = element_state(view, block_id).get("selected_option") or {}
    value: str | None = choice.get("value")
    return value


class SubmittedForm:
    """A form as Slack sends it back.

    A field's block id is its name and its subject, such as "role:U1". Slack keeps a field's content
    while its block id stays the same, so a field about another person needs another block id.
    """

    def __init__(self, view: Mapping[str, Any]) -> None:
        self._values: dict[str, dict[str, Block]] = view["state"]["values"]
        self._blocks = {block.get("block_id"): block for block in view.get("blocks", ())}
        self._block_ids: dict[str, str] = {
            block_id.partition(":")[0]: block_id for block_id in self._values
        }

    def block_id(self, name: str) -> str:
        """The block id of a field; an error of the field stands under it."""
        return self._block_ids.get(name, name)

    def subject(self, name: str) -> str:
        """The subject in the field's block id."""
        return self.block_id(name).partition(":")[2]

    def value(self, name: str) -> Any:
        """The value of a field."""
        state: Block = next(iter(self._values.get(self.block_id(name), {}).values()), {})
        return _first_value(state, _STATE_KEYS)

    def text(self, name: str) -> str:
        """The text in a field, or the id or date that was picked there."""
        return str(self.value(name) or "")

    def selected_value(self, name: str) -> str:
        """The value of the selected option in a menu for one option."""
        return str((self.value(name) or {}).get("value", ""))

    def selected_values(self, name: str) -> list[str]:
        """The values of all options that are selected or checked."""
        return [str(choice["value"]) for choice in self.value(name) or ()]

    def has_changed(self, name: str) -> bool:
        """Whether a field's value differs from the value that the form showed at first."""
        block = self._blocks.get(self.block_id(name))
        if block is None:
            return True
        return bool(
            _comparable_value(self.value(name))
            != _comparable_value(_first_value(block["element"], _INITIAL_KEYS))
        )


def _first_value(source: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    return next((source[key] for key in keys if source.get(key)), None)


def _comparable_value(value: Any) -> Any:
    """The value in one form: Slack sends options back with other keys than it was given."""
    if isinstance(value, list):
        return [_comparable_value(entry) for entry in value]
    return value["value"] if isinstance(value, dict) else value or None
