"""A fake language model: it fills in a response schema from the words of a text.

The fake model does not know the product. It chooses an option whose name is in the text, then one
that the instruction describes in a line such as "- name: description".
"""

import re
import textwrap
from typing import Any

from sandbox.services.category_notes import write_note

Json = dict[str, Any]

# A schema has type names, or the numbers of the enum behind them:
# https://ai.google.dev/api/caching#Type
_TYPES = {1: "string", 2: "number", 3: "integer", 4: "boolean", 5: "array", 6: "object"}
_STOP_WORDS = {"and", "are", "for", "not", "the"}
_FALLBACK_OPTIONS = {"none", "other", "unknown"}
_MAX_TEXT_CHARACTERS = 100
_DEFAULT_VALUES: Json = {"number": 0.9, "integer": 1, "boolean": True}


def generate_answer(schema: Json, text: str, *, instruction: str = "") -> object:
    """Return a value that fits the schema."""
    match schema_type(schema):
        case "object":
            fields: Json = schema.get("properties", {})
            answers = {
                name: generate_answer(field, text, instruction=instruction)
                for name, field in fields.items()
            }
            return answers | _notes(fields, answers, text)
        case "array":
            options = schema.get("items", {}).get("enum", [])
            max_items = int(schema.get("maxItems", len(options)))
            return [option for option in options if _is_mentioned(option, text)][:max_items]
        case type_name if type_name in _DEFAULT_VALUES:
            return _DEFAULT_VALUES[type_name]
        case _ if options := schema.get("enum"):
            return _choose_option(options, text, instruction)
        case _:
            return _first_line(text)


def _notes(fields: Json, answers: Json, text: str) -> Json:
    """Notes for all free texts but the first, which summarises the text."""
    names = [name for name, field in fields.items() if _is_free_text(field)]
    choices = [str(answers[name]) for name, field in fields.items() if field.get("enum")]
    return dict.fromkeys(names[1:], write_note(choices, text))


def _is_free_text(schema: Json) -> bool:
    return schema_type(schema) == "string" and not schema.get("enum")


def _first_line(text: str) -> str:
    return textwrap.shorten(
        next(iter(text.splitlines()), ""), _MAX_TEXT_CHARACTERS, placeholder=" …"
    )


def schema_type(schema: Json) -> str:
    """Return the schema's type in lower case."""
    name = schema.get("type", "string")
    return _TYPES.get(name, "string") if isinstance(name, int) else str(name).lower()


def _choose_option(options: list[str], text: str, instruction: str) -> str:
    """The option that fits the text best; otherwise a fallback option or the middle one."""
    words = _significant_words(text)

    def score(option: str) -> tuple[bool, int]:
        description = f"{option} {_option_description(option, instruction)}"
        return _is_mentioned(option, text), len(words & _significant_words(description))

    best = max(options, key=score)
    if any(score(best)):
        return best
    fallbacks = (option for option in options if option.casefold() in _FALLBACK_OPTIONS)
    return next(fallbacks, options[(len(options) - 1) // 2])


def _option_description(option: str, instruction: str) -> str:
    lines = re.findall(rf"^\W*{re.escape(option)}\s*:(.*)$", instruction, re.MULTILINE)
    return " ".join(lines)


def _is_mentioned(option: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(option)}(?!\w)", text, re.IGNORECASE) is not None


def _significant_words(text: str) -> set[str]:
    """Words of three letters or more, without plural endings and stop words."""
    return {word.removesuffix("s") for word in re.findall(r"\w{3,}", text.casefold())} - _STOP_WORDS
