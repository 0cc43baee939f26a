"""What a person has before their eyes, drawn as lines of text: messages, forms, letters."""

import re
from collections.abc import Iterator, Mapping

from sandbox.mail import Letter
from sandbox.slack.markup import Names
from sandbox.slack.screen import button_labels, says_blocks, text_of
from sandbox.slack.seen import Message, Modal
from sandbox.slack.shapes import Json

# More than so many and they are no choice to be read, but a list to be searched.
_MOST_CHOICES = 8
_EMOJI = {
    "red_circle": "🔴",
    "large_orange_circle": "🟠",
    "large_blue_circle": "🔵",
    "white_circle": "⚪",
}


def drawn(seen: Message | Modal, names: Names) -> list[str]:
    """The lines of a message or form; `names` says what stands for an id."""
    return _modal(seen, names) if isinstance(seen, Modal) else _message(seen, names)


def drawn_letter(letter: Letter) -> list[str]:
    """A letter as a mail program shows it: who, to whom, about what, and the plain text."""
    head = [f"{name}: {letter.message[name]}" for name in ("From", "To", "Subject")]
    return [*head, "", *letter.text.rstrip().splitlines()]


def drawn_fields(fields: Mapping[str, object]) -> list[str]:
    """Names and values in two columns."""
    width = max(map(len, fields))
    return [f"{name:<{width}}  {_value(value)}".rstrip() for name, value in fields.items()]


def news(before: list[str], now: list[str]) -> list[str]:
    """The lines that were not there before."""
    return [line for line in now if line not in before]


def _message(seen: Message, names: Names) -> list[str]:
    if not seen.blocks:
        return _emoji(seen.says).splitlines()
    return [_emoji(line) for block in seen.blocks for line in _block(block, names)]


def _block(block: Json, names: Names) -> Iterator[str]:
    match block["type"]:
        case "actions":
            yield _buttons(button_labels([block], names))
        case "section" if "fields" in block:
            for field in block["fields"]:
                yield text_of(field, names).replace("\n", ": ", 1)
        case _:
            yield from says_blocks([block], names).splitlines()


def _modal(seen: Modal, names: Names) -> list[str]:
    lines = [seen.title]
    for block in seen.blocks:
        if block["type"] == "input":
            lines += _field(seen, block, names)
        else:
            lines += _block(block, names)
    return [*map(_emoji, lines), _buttons([name for name in (seen.submit, seen.close) if name])]


def _field(seen: Modal, block: Json, names: Names) -> Iterator[str]:
    label = text_of(block["label"], names)
    value = seen.values[label]
    shown = ", ".join(value) if isinstance(value, list) else value
    colon = "" if label.endswith("?") else ":"
    yield f"{label}{colon} {shown or _choices(block['element'], names)}".rstrip()
    if label in seen.errors:
        yield f"  ! {seen.errors[label]}"


def _choices(element: Json, names: Names) -> str:
    options = element.get("options", [])
    if not 0 < len(options) <= _MOST_CHOICES:
        return ""
    return f"({' / '.join(text_of(option['text'], names) for option in options)})"


def _value(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _buttons(labels: list[str]) -> str:
    return "  ".join(f"[{label}]" for label in labels)


def _emoji(line: str) -> str:
    return re.sub(r":(\w+):", lambda found: _EMOJI.get(found[1], found[0]), line)
