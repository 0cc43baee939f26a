"""The reader of a submitted form: the values of its fields, and the errors under them."""

from collections.abc import Mapping
from typing import Any
from unicodedata import category

from bot.payload import Payload
from models.errors import InvalidInput
from models.messages.buttons import ButtonValue

_STATE_KEYS = (
    "selected_option", "selected_options", "selected_user", "selected_date", "value",
)  # fmt: skip
_INITIAL_KEYS = (
    "initial_option", "initial_options", "initial_user", "initial_date", "initial_value",
)  # fmt: skip


class SubmittedForm:
    """A form as Slack sends it back, with its fields by the names that `input_field` got."""

    def __init__(self, view: Payload) -> None:
        self._metadata: str = view.get("private_metadata") or ""
        self._values: dict[str, dict[str, Payload]] = view["state"]["values"]
        self._blocks = {block.get("block_id"): block for block in view.get("blocks", ())}
        self._block_ids: dict[str, str] = {
            block_id.partition(":")[0]: block_id for block_id in self._values
        }

    @property
    def ticket(self) -> ButtonValue:
        """The ticket that the form was opened for, and its version at that time."""
        return ButtonValue.parse(self._metadata)

    def has_field(self, name: str) -> bool:
        """Whether the form has this field."""
        return name in self._block_ids

    def subject(self, name: str) -> str:
        """The subject of a field."""
        return self._block_id(name).partition(":")[2]

    def text(self, name: str) -> str:
        """The text in a field without control characters, or the id or date that was picked there.

        Line breaks stay. A value that is no text, which Slack never sends, counts as empty.
        """
        typed = self._value(name)
        if not isinstance(typed, str):
            return ""
        # BSON takes no lone surrogates: PyMongo raises UnicodeEncodeError (bson/__init__.py).
        return "".join(c for c in typed if c in "\n\t" or category(c) not in {"Cc", "Cs"}).strip()

    def required_text(self, name: str, *, max_length: int, if_empty: str) -> str:
        """The text in a field.

        Raises:
            InvalidInput: the text has no letter or digit, with the sentence `if_empty`, or it is
                too long.
        """
        text = self.text(name)
        if not any(character.isalnum() for character in text):
            raise self.invalid_input({name: if_empty})
        if len(text) > max_length:
            sentence = f"The text has {len(text)} characters; at most {max_length} fit. Shorten it."
            raise self.invalid_input({name: sentence})
        return text

    def selected_value(self, name: str) -> str:
        """The value of the selected option in a menu for one option; empty if there is none."""
        return str((self._value(name) or {}).get("value", ""))

    def selected_values(self, name: str) -> list[str]:
        """The values of all options that are selected or checked."""
        return [str(choice["value"]) for choice in self._value(name) or ()]

    def has_changed(self, name: str) -> bool:
        """Whether a field's value differs from the value that the form showed at first."""
        block = self._blocks.get(self._block_id(name))
        if block is None:
            return True
        return bool(
            _comparable_value(self._value(name))
            != _comparable_value(_first_value(block["element"], _INITIAL_KEYS))
        )

    def invalid_input(self, sentences: Mapping[str, str]) -> InvalidInput:
        """The error that shows a sentence under each field, by the fields' names."""
        return InvalidInput({self._block_id(name): text for name, text in sentences.items()})

    def _block_id(self, name: str) -> str:
        return self._block_ids.get(name, name)

    def _value(self, name: str) -> Any:
        state: Payload = next(iter(self._values.get(self._block_id(name), {}).values()), {})
        return _first_value(state, _STATE_KEYS)


def _first_value(source: Mapping[str, Any], keys: tuple[str, ...]) -> Any:
    return next((source[key] for key in keys if source.get(key)), None)


def _comparable_value(value: Any) -> Any:
    """The value in one form: Slack sends options back with other keys than it was given."""
    if isinstance(value, list):
        return [_comparable_value(entry) for entry in value]
    return value["value"] if isinstance(value, dict) else value or None
