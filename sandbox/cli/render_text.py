"""What a person has before their eyes, drawn as lines of text: messages, forms, letters."""

import re
from collections.abc import Iterator, Mapping

from sandbox.services.mail_server import ReceivedEmail
from sandbox.slack.actors.rendered import Message, Modal
from sandbox.slack.content.mrkdwn import ResolveName
from sandbox.slack.content.visible_text import blocks_text, button_labels, text_content
from sandbox.slack.primitives.json_types import Json

# More than so many and they are no choice to be read, but a list to be searched.
_MAX_CHOICES = 8
_EMOJI = {
    "red_circle": "🔴",
    "large_orange_circle": "🟠",
    "large_blue_circle": "🔵",
    "white_circle": "⚪",
}


def render_lines(seen: Message | Modal, resolve_name: ResolveName) -> list[str]:
    """The lines of a message or form; `names` says what stands for an id."""
    return (
        _modal_lines(seen, resolve_name)
        if isinstance(seen, Modal)
        else _message_lines(seen, resolve_name)
    )


def render_email(email: ReceivedEmail) -> list[str]:
    """A letter as a mail program shows it: who, to whom, about what, and the plain text."""
    head = [f"{name}: {email.message[name]}" for name in ("From", "To", "Subject")]
    return [*head, "", *email.text.rstrip().splitlines()]


def render_fields(fields: Mapping[str, object]) -> list[str]:
    """Names and values in two columns."""
    width = max(map(len, fields))
    return [f"{name:<{width}}  {_value_text(value)}".rstrip() for name, value in fields.items()]


def new_lines(before: list[str], now: list[str]) -> list[str]:
    """The lines that were not there before."""
    return [line for line in now if line not in before]


def _message_lines(seen: Message, resolve_name: ResolveName) -> list[str]:
    if not seen.blocks:
        return _with_emoji(seen.visible_text).splitlines()
    return [
        _with_emoji(line) for block in seen.blocks for line in _block_lines(block, resolve_name)
    ]


def _block_lines(block: Json, resolve_name: ResolveName) -> Iterator[str]:
    match block["type"]:
        case "actions":
            yield _buttons_line(button_labels([block], resolve_name))
        case "section" if "fields" in block:
            for field in block["fields"]:
                yield text_content(field, resolve_name).replace("\n", ": ", 1)
        case _:
            yield from blocks_text([block], resolve_name).splitlines()


def _modal_lines(seen: Modal, resolve_name: ResolveName) -> list[str]:
    lines = [seen.title]
    for block in seen.blocks:
        if block["type"] == "input":
            lines += _field_lines(seen, block, resolve_name)
        else:
            lines += _block_lines(block, resolve_name)
    return [
        *map(_with_emoji, lines),
        _buttons_line([name for name in (seen.submit, seen.close) if name]),
    ]


def _field_lines(seen: Modal, block: Json, resolve_name: ResolveName) -> Iterator[str]:
    label = text_content(block["label"], resolve_name)
    value = seen.values[label]
    shown = ", ".join(value) if isinstance(value, list) else value
    colon = "" if label.endswith("?") else ":"
    yield f"{label}{colon} {shown or _choices_text(block['element'], resolve_name)}".rstrip()
    if label in seen.errors:
        yield f"  ! {seen.errors[label]}"


def _choices_text(element: Json, resolve_name: ResolveName) -> str:
    options = element.get("options", [])
    if not 0 < len(options) <= _MAX_CHOICES:
        return ""
    return f"({' / '.join(text_content(option['text'], resolve_name) for option in options)})"


def _value_text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _buttons_line(labels: list[str]) -> str:
    return "  ".join(f"[{label}]" for label in labels)


def _with_emoji(line: str) -> str:
    return re.sub(r":(\w+):", lambda found: _EMOJI.get(found[1], found[0]), line)
