"""Renders messages, forms and e-mails as lines of text, as a person sees them."""

import re
from collections.abc import Iterator, Mapping

from sandbox.services.mail_server import ReceivedEmail
from sandbox.slack.actors.rendered import Message, Modal
from sandbox.slack.content.mrkdwn import ResolveName
from sandbox.slack.content.visible_text import blocks_text, button_labels, text_content
from sandbox.slack.primitives.json_types import Json

# People search longer lists instead of reading them, so the options are not printed.
_MAX_CHOICES = 8
_EMOJI = {
    "red_circle": "🔴",
    "large_orange_circle": "🟠",
    "large_blue_circle": "🔵",
    "white_circle": "⚪",
}


def render_lines(surface: Message | Modal, resolve_name: ResolveName) -> list[str]:
    """Render a message or form; `resolve_name` returns the name for an id."""
    return (
        _modal_lines(surface, resolve_name)
        if isinstance(surface, Modal)
        else _message_lines(surface, resolve_name)
    )


def render_email(email: ReceivedEmail) -> list[str]:
    """Render an e-mail: sender, recipient, subject and the plain text."""
    head = [f"{name}: {email.message[name]}" for name in ("From", "To", "Subject")]
    return [*head, "", *email.text.rstrip().splitlines()]


def render_fields(fields: Mapping[str, object]) -> list[str]:
    """Render names and values in two columns."""
    width = max(map(len, fields))
    return [f"{name:<{width}}  {_value_text(value)}".rstrip() for name, value in fields.items()]


def new_lines(before: list[str], after: list[str]) -> list[str]:
    """Return the lines that were not there before."""
    return [line for line in after if line not in before]


def _message_lines(message: Message, resolve_name: ResolveName) -> list[str]:
    if not message.blocks:
        return _with_emoji(message.visible_text).splitlines()
    return [
        _with_emoji(line) for block in message.blocks for line in _block_lines(block, resolve_name)
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


def _modal_lines(modal: Modal, resolve_name: ResolveName) -> list[str]:
    lines = [modal.title]
    for block in modal.blocks:
        if block["type"] == "input":
            lines += _field_lines(modal, block, resolve_name)
        else:
            lines += _block_lines(block, resolve_name)
    return [
        *map(_with_emoji, lines),
        _buttons_line([name for name in (modal.submit, modal.close) if name]),
    ]


def _field_lines(modal: Modal, block: Json, resolve_name: ResolveName) -> Iterator[str]:
    label = text_content(block["label"], resolve_name)
    value = modal.values[label]
    value_text = ", ".join(value) if isinstance(value, list) else value
    colon = "" if label.endswith("?") else ":"
    yield f"{label}{colon} {value_text or _choices_text(block['element'], resolve_name)}".rstrip()
    if label in modal.errors:
        yield f"  ! {modal.errors[label]}"


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
    return re.sub(r":(\w+):", lambda match: _EMOJI.get(match[1], match[0]), line)
