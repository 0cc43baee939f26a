"""The smallest valid example of each block and element, and helpers to change a copy."""

import copy
from collections.abc import Iterable
from typing import Any

from sandbox.slack.blockkit import Problem, check_message, check_view

Json = dict[str, Any]

IMAGE = {"image_url": "https://example.com/a.png", "alt_text": "A"}


def plain_text(text: str = "Text") -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str = "Text") -> Json:
    return {"type": "mrkdwn", "text": text}


def option(name: str = "One") -> Json:
    return {"text": plain_text(name), "value": name.lower()}


def options(count: int) -> list[Json]:
    return [option(f"Option {number}") for number in range(count)]


def option_group(*members: Json) -> Json:
    return {"label": plain_text("Group"), "options": list(members)}


def confirm() -> Json:
    return {
        "title": plain_text(),
        "text": mrkdwn(),
        "confirm": plain_text("Yes"),
        "deny": plain_text("No"),
    }


def rich_text(*pieces: Json) -> Json:
    return {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": list(pieces)}],
    }


def table_cells(count: int) -> list[Json]:
    return [{"type": "raw_text", "text": "Cell"} for _ in range(count)]


def element(kind: str, **own: object) -> Json:
    return {"type": kind, **ELEMENTS[kind], **own}


def button(**own: object) -> Json:
    return element("button", **own)


def block(kind: str, **own: object) -> Json:
    return {"type": kind, **BLOCKS[kind], **own}


def section(**own: object) -> Json:
    return block("section", **own)


def actions(*elements: Json) -> Json:
    return block("actions", elements=list(elements))


def input_block(inner: Json, **own: object) -> Json:
    return block("input", element=inner, **own)


def modal(*blocks: Json, **own: object) -> Json:
    parts = {"title": plain_text("Title"), "submit": plain_text("Send"), "blocks": list(blocks)}
    return {"type": "modal", **parts, **own}


def home(*blocks: Json, **own: object) -> Json:
    return {"type": "home", "blocks": list(blocks), **own}


ELEMENTS: dict[str, Json] = {
    "button": {"text": plain_text()},
    "overflow": {"options": [option()]},
    "image": IMAGE,
    "static_select": {"options": [option()]},
    "external_select": {},
    "users_select": {},
    "channels_select": {},
    "conversations_select": {},
    "multi_static_select": {"options": [option()]},
    "multi_external_select": {},
    "multi_users_select": {},
    "multi_channels_select": {},
    "multi_conversations_select": {},
    "checkboxes": {"options": [option()]},
    "radio_buttons": {"options": [option()]},
    "datepicker": {},
    "timepicker": {},
    "datetimepicker": {},
    "plain_text_input": {},
    "email_text_input": {},
    "url_text_input": {},
    "number_input": {"is_decimal_allowed": False},
    "rich_text_input": {},
    "file_input": {},
}
BLOCKS: dict[str, Json] = {
    "section": {"text": mrkdwn()},
    "actions": {"elements": [element("button")]},
    "context": {"elements": [mrkdwn()]},
    "divider": {},
    "header": {"text": plain_text()},
    "image": IMAGE,
    "input": {"label": plain_text("Label"), "element": element("plain_text_input")},
    "rich_text": {"elements": [{"type": "rich_text_section", "elements": []}]},
    "video": {
        "alt_text": "A",
        "title": plain_text(),
        "thumbnail_url": "https://example.com/a.png",
        "video_url": "https://example.com/a.mp4",
    },
    "file": {"external_id": "F-1", "source": "remote"},
    "markdown": {"text": "# Text"},
    "table": {"rows": [table_cells(2), table_cells(2)]},
}


def with_value(whole: Any, path: str, value: object) -> Any:
    """Return a copy with another value at this path: `with_value(block, "text/text", "")`."""
    changed = copy.deepcopy(whole)
    *parent_keys, last_key = [int(key) if key.isdigit() else key for key in path.split("/")]
    parent = changed
    for key in parent_keys:
        parent = parent[key]
    parent[last_key] = value
    return changed


def without_key(whole: Json, name: str) -> Json:
    return {key: value for key, value in whole.items() if key != name}


def message_problems(*blocks: Json) -> list[str]:
    return problem_lines(check_message(list(blocks)))


def view_problems(view: object) -> list[str]:
    return problem_lines(check_view(view))


INPUT_POINTER = "/view/blocks/0/element"


def input_problems(inner: Json) -> list[str]:
    """Return the problems of an element in a modal, without the line about the view itself."""
    lines = view_problems(modal(input_block(inner)))
    assert lines[:1] in ([], lines_at("/view", NO_SCHEMA_MESSAGE))
    return lines[1:]


def element_problems(kind: str, **own: object) -> list[str]:
    return input_problems(element(kind, **own))


def lines_in_input(name: str, message: str) -> list[str]:
    return lines_at(f"{INPUT_POINTER}/{name}".rstrip("/"), message)


def problem_lines(problems: Iterable[Problem]) -> list[str]:
    return [str(problem) for problem in problems]


def lines_at(pointer: str, *messages: str) -> list[str]:
    return [f"{message} [json-pointer:{pointer}]" for message in messages]


NO_SCHEMA_MESSAGE = "failed to match all allowed schemas"


def text_lines_at(pointer: str, message: str, *, inside: str = "text") -> list[str]:
    """Return Slack's two lines: the text object first, then the problem inside it."""
    return [*lines_at(pointer, NO_SCHEMA_MESSAGE), *lines_at(f"{pointer}/{inside}", message)]


def too_long_message(max_length: int) -> str:
    return f"must be less than {max_length + 1} characters"


def too_many_message(max_items: int) -> str:
    return f"no more than {max_items} items allowed"


EMPTY_MESSAGE = "must be more than 0 characters"
NO_ITEMS_MESSAGE = "must provide at least 1 items"
