"""The parts of the admins' forms: how a field is drawn, and how what stands in it is read."""

from collections.abc import Iterable, Mapping
from typing import Any

from models.messages.cards import Block

# The action of an element that the desk only hears of with the whole form.
INPUT_ACTION_ID = "value"
# What the desk is asked for while somebody types in a field for skills.
SEARCH_SKILLS = "search_skills"
_STATE_KEYS = (
    "selected_option", "selected_options", "selected_user", "selected_date", "value",
)  # fmt: skip
_INITIAL_KEYS = (
    "initial_option", "initial_options", "initial_user", "initial_date", "initial_value",
)  # fmt: skip


def plain_text(text: str) -> Block:
    """Text that Slack shows as it is."""
    return {"type": "plain_text", "text": text, "emoji": False}


def input_field(block_id: str, label: str, element: Block, *, hint: str = "", **more: Any) -> Block:
    """A field with its label."""
    block = {"type": "input", "block_id": block_id, "label": plain_text(label), "element": element}
    return {**block, **({"hint": plain_text(hint)} if hint else {}), **more}


def text_input(initial: str = "", *, max_length: int, multiline: bool = False) -> Block:
    """A field for text."""
    element = {"type": "plain_text_input", "action_id": INPUT_ACTION_ID, "max_length": max_length}
    return {
        **element,
        **({"multiline": True} if multiline else {}),
        **({"initial_value": initial[:max_length]} if initial else {}),
    }


def option(label: str, value: str) -> Block:
    """One choice of a menu."""
    return {"text": plain_text(label), "value": value}


def select_menu(
    options: Iterable[Block],
    selected_value: str | None,
    *,
    action_id: str = INPUT_ACTION_ID,
    **more: Any,
) -> Block:
    """A menu of which one choice is made."""
    offered = list(options)
    initial = [one for one in offered if one["value"] == selected_value]
    return {
        "type": "static_select",
        "action_id": action_id,
        "options": offered,
        **({"initial_option": initial[0]} if initial else {}),
        **more,
    }


def checkbox(label: str, value: str, *, is_checked: bool) -> Block:
    """A box to tick."""
    one = option(label, value)
    element = {"type": "checkboxes", "action_id": INPUT_ACTION_ID, "options": [one]}
    return {**element, **({"initial_options": [one]} if is_checked else {})}


def skill_menu(action_id: str, *, placeholder: str, selected_name: str = "") -> Block:
    """A menu of one skill, which is looked for by typing."""
    return {
        "type": "external_select",
        "action_id": action_id,
        "placeholder": plain_text(placeholder),
        "min_query_length": 0,
        **({"initial_option": option(selected_name, selected_name)} if selected_name else {}),
    }


def multi_skill_menu(selected_names: Iterable[str], *, placeholder: str) -> Block:
    """A menu of any number of skills, which are looked for by typing."""
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
    """Buttons in a row."""
    return {"type": "actions", "block_id": block_id, "elements": list(elements)}


def modal(callback_id: str, title: str, submit: str, blocks: Iterable[Block], **more: Any) -> Block:
    """A form."""
    return {
        "type": "modal",
        "callback_id": callback_id,
        "title": plain_text(title),
        "submit": plain_text(submit),
        "close": plain_text("Back"),
        "blocks": list(blocks),
        **more,
    }


class SubmittedForm:
    """A form as Slack sends it back.

    A field's block id is its name and what it is about, "role:U1": Slack keeps what stands in a
    field while its block id stays, and what is about somebody else is another field.
    """

    def __init__(self, view: Mapping[str, Any]) -> None:
        self._values: dict[str, dict[str, Block]] = view["state"]["values"]
        self._blocks = {block.get("block_id"): block for block in view.get("blocks", ())}
        self._block_ids: dict[str, str] = {
            block_id.partition(":")[0]: block_id for block_id in self._values
        }

    def block_id(self, name: str) -> str:
        """The block id of a field, under which its error stands."""
        return self._block_ids.get(name, name)

    def subject(self, name: str) -> str:
        """What the field is about, as its block id says."""
        return self.block_id(name).partition(":")[2]

    def value(self, name: str) -> Any:
        """What stands in a field."""
        state: Block = next(iter(self._values.get(self.block_id(name), {}).values()), {})
        return _first_value(state, _STATE_KEYS)

    def text(self, name: str) -> str:
        """What stands in a field for text, or is picked as such."""
        return str(self.value(name) or "")

    def selected_value(self, name: str) -> str:
        """The value of what is chosen in a menu of one."""
        return str((self.value(name) or {}).get("value", ""))

    def selected_values(self, name: str) -> list[str]:
        """The values of all that is chosen or ticked."""
        return [str(one["value"]) for one in self.value(name) or ()]

    def has_changed(self, name: str) -> bool:
        """Whether something else stands in a field than was shown in it."""
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
    """The same for the same choice, however Slack writes it."""
    if isinstance(value, list):
        return [_comparable_value(one) for one in value]
    return value["value"] if isinstance(value, dict) else value or None
