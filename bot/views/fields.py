"""The parts of the admins' forms: how a field is drawn, and how what stands in it is read."""

from collections.abc import Iterable, Mapping
from typing import Any

from models.cards import Block

# The action of an element that the desk only hears of with the whole form.
VALUE = "value"
# What the desk is asked for while somebody types in a field for skills.
SEARCH_SKILLS = "search_skills"
_HOLDS = (
    "selected_option", "selected_options", "selected_user", "selected_date", "value",
)  # fmt: skip
_SHOWS = (
    "initial_option", "initial_options", "initial_user", "initial_date", "initial_value",
)  # fmt: skip


def plain(text: str) -> Block:
    """Text that Slack shows as it is."""
    return {"type": "plain_text", "text": text, "emoji": False}


def field(block_id: str, label: str, element: Block, *, hint: str = "", **more: Any) -> Block:
    """A field with its label."""
    block = {"type": "input", "block_id": block_id, "label": plain(label), "element": element}
    return {**block, **({"hint": plain(hint)} if hint else {}), **more}


def text(initial: str = "", *, longest: int, multiline: bool = False) -> Block:
    """A field for text."""
    element = {"type": "plain_text_input", "action_id": VALUE, "max_length": longest}
    return {
        **element,
        **({"multiline": True} if multiline else {}),
        **({"initial_value": initial[:longest]} if initial else {}),
    }


def option(name: str, value: str) -> Block:
    """One choice of a menu."""
    return {"text": plain(name), "value": value}


def menu(
    options: Iterable[Block], chosen: str | None, *, action: str = VALUE, **more: Any
) -> Block:
    """A menu of which one choice is made."""
    offered = list(options)
    initial = [one for one in offered if one["value"] == chosen]
    return {
        "type": "static_select",
        "action_id": action,
        "options": offered,
        **({"initial_option": initial[0]} if initial else {}),
        **more,
    }


def tick(name: str, value: str, *, ticked: bool) -> Block:
    """A box to tick."""
    one = option(name, value)
    element = {"type": "checkboxes", "action_id": VALUE, "options": [one]}
    return {**element, **({"initial_options": [one]} if ticked else {})}


def skill_search(action: str, *, says: str, chosen: str = "") -> Block:
    """A menu of one skill, which is looked for by typing."""
    return {
        "type": "external_select",
        "action_id": action,
        "placeholder": plain(says),
        "min_query_length": 0,
        **({"initial_option": option(chosen, chosen)} if chosen else {}),
    }


def skills_search(chosen: Iterable[str], *, says: str) -> Block:
    """A menu of any number of skills, which are looked for by typing."""
    options = [option(name, name) for name in chosen]
    return {
        "type": "multi_external_select",
        "action_id": SEARCH_SKILLS,
        "placeholder": plain(says),
        "min_query_length": 0,
        **({"initial_options": options} if options else {}),
    }


def button(action: str, name: str, *, value: str, **more: Any) -> Block:
    """A button."""
    element = {"type": "button", "action_id": action, "text": plain(name), "value": value}
    return {**element, **more}


def buttons(block_id: str, *elements: Block) -> Block:
    """Buttons in a row."""
    return {"type": "actions", "block_id": block_id, "elements": list(elements)}


def modal(callback: str, title: str, submit: str, blocks: Iterable[Block], **more: Any) -> Block:
    """A form."""
    return {
        "type": "modal",
        "callback_id": callback,
        "title": plain(title),
        "submit": plain(submit),
        "close": plain("Back"),
        "blocks": list(blocks),
        **more,
    }


class Sent:
    """A form as Slack sends it back.

    A field's block id is its name and what it is about, "role:U1": Slack keeps what stands in a
    field while its block id stays, and what is about somebody else is another field.
    """

    def __init__(self, view: Mapping[str, Any]) -> None:
        self._values: dict[str, dict[str, Block]] = view["state"]["values"]
        self._blocks = {block.get("block_id"): block for block in view.get("blocks", ())}
        self._ids: dict[str, str] = {
            block_id.partition(":")[0]: block_id for block_id in self._values
        }

    def block(self, name: str) -> str:
        """The block id of a field, under which its error stands."""
        return self._ids.get(name, name)

    def about(self, name: str) -> str:
        """What the field is about, as its block id says."""
        return self.block(name).partition(":")[2]

    def held(self, name: str) -> Any:
        """What stands in a field."""
        state: Block = next(iter(self._values.get(self.block(name), {}).values()), {})
        return _first(state, _HOLDS)

    def text(self, name: str) -> str:
        """What stands in a field for text, or is picked as such."""
        return str(self.held(name) or "")

    def choice(self, name: str) -> str:
        """The value of what is chosen in a menu of one."""
        return str((self.held(name) or {}).get("value", ""))

    def choices(self, name: str) -> list[str]:
        """The values of all that is chosen or ticked."""
        return [str(one["value"]) for one in self.held(name) or ()]

    def changed(self, name: str) -> bool:
        """Whether something else stands in a field than was shown in it."""
        block = self._blocks.get(self.block(name))
        if block is None:
            return True
        return bool(_told(self.held(name)) != _told(_first(block["element"], _SHOWS)))


def _first(where: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    return next((where[key] for key in keys if where.get(key)), None)


def _told(held: Any) -> Any:
    """The same for the same choice, however Slack writes it."""
    if isinstance(held, list):
        return [_told(one) for one in held]
    return held["value"] if isinstance(held, dict) else held or None
