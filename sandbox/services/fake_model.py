"""What a model would plausibly answer: a response schema, filled in from the words of a text.

It knows nothing of who asks. A choice is made by its own name, then by what the instruction says
of it in a line such as "- name: description".
"""

import re
import textwrap
from typing import Any

Json = dict[str, Any]

# A schema comes with names, or with the numbers of the enum behind them:
# https://ai.google.dev/api/caching#Type
_TYPES = {1: "string", 2: "number", 3: "integer", 4: "boolean", 5: "array", 6: "object"}
_STOP_WORDS = {"and", "are", "for", "not", "the"}
_FALLBACK_OPTIONS = {"none", "other", "unknown"}
_MAX_TEXT_CHARACTERS = 100
_DEFAULT_VALUES: Json = {"number": 0.9, "integer": 1, "boolean": True}


def generate_answer(schema: Json, text: str, *, instruction: str = "") -> object:
    """Something that fits the schema."""
    match schema_type(schema):
        case "object":
            fields: Json = schema.get("properties", {})
            told = {
                n: generate_answer(each, text, instruction=instruction)
                for n, each in fields.items()
            }
            return told | _filler_texts(fields, text)
        case "array":
            options = schema.get("items", {}).get("enum", [])
            most = int(schema.get("maxItems", len(options)))
            return [option for option in options if _is_mentioned(option, text)][:most]
        case kind if kind in _DEFAULT_VALUES:
            return _DEFAULT_VALUES[kind]
        case _ if options := schema.get("enum"):
            return _choose_option(options, text, instruction)
        case _:
            return _first_line(text)


def _filler_texts(fields: Json, text: str) -> Json:
    """After its first free text, which is the gist, it says honestly what it is."""
    free = [
        n for n, each in fields.items() if schema_type(each) == "string" and not each.get("enum")
    ]
    begins = textwrap.shorten(text, _MAX_TEXT_CHARACTERS, placeholder=" …")
    return dict.fromkeys(free[1:], f"A model would say more here. It was told: “{begins}”")


def _first_line(text: str) -> str:
    return textwrap.shorten(
        next(iter(text.splitlines()), ""), _MAX_TEXT_CHARACTERS, placeholder=" …"
    )


def schema_type(schema: Json) -> str:
    """The schema's type, in lower case."""
    kind = schema.get("type", "string")
    return _TYPES.get(kind, "string") if isinstance(kind, int) else str(kind).lower()


def _choose_option(options: list[str], text: str, instruction: str) -> str:
    """The option that the text points to; else the one for what fits nothing, or in the middle."""
    words = _significant_words(text)

    def points_to(option: str) -> tuple[bool, int]:
        told = f"{option} {_option_description(option, instruction)}"
        return _is_mentioned(option, text), len(words & _significant_words(told))

    best = max(options, key=points_to)
    if any(points_to(best)):
        return best
    nothing = (option for option in options if option.casefold() in _FALLBACK_OPTIONS)
    return next(nothing, options[(len(options) - 1) // 2])


def _option_description(option: str, instruction: str) -> str:
    lines = re.findall(rf"^\W*{re.escape(option)}\s*:(.*)$", instruction, re.MULTILINE)
    return " ".join(lines)


def _is_mentioned(option: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(option)}(?!\w)", text, re.IGNORECASE) is not None


def _significant_words(text: str) -> set[str]:
    """Words that say something, without the ending of a plural."""
    return {word.removesuffix("s") for word in re.findall(r"\w{3,}", text.casefold())} - _STOP_WORDS
