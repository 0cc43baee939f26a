"""The smallest valid example of every block and element, and ways to spoil a copy of one."""

import copy
from collections.abc import Iterable
from typing import Any

from sandbox.slack.blockkit import Problem, check_message, check_view

Json = dict[str, Any]

PICTURE = {"image_url": "https://example.com/a.png", "alt_text": "A"}


def plain(text: str = "Text") -> Json:
    return {"type": "plain_text", "text": text}


def marked(text: str = "Text") -> Json:
    return {"type": "mrkdwn", "text": text}


def option(name: str = "One") -> Json:
    return {"text": plain(name), "value": name.lower()}


def options(count: int) -> list[Json]:
    return [option(f"Option {number}") for number in range(count)]


def group(*members: Json) -> Json:
    return {"label": plain("Group"), "options": list(members)}


def confirm() -> Json:
    return {"title": plain(), "text": marked(), "confirm": plain("Yes"), "deny": plain("No")}


def rich_text(*pieces: Json) -> Json:
    return {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": list(pieces)}],
    }


def cells(count: int) -> list[Json]:
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


def field(inside: Json, **own: object) -> Json:
    """An input block around this element."""
    return block("input", element=inside, **own)


def modal(*blocks: Json, **own: object) -> Json:
    parts = {"title": plain("Title"), "submit": plain("Send"), "blocks": list(blocks)}
    return {"type": "modal", **parts, **own}


def home(*blocks: Json, **own: object) -> Json:
    return {"type": "home", "blocks": list(blocks), **own}


ELEMENTS: dict[str, Json] = {
    "button": {"text": plain()},
    "overflow": {"options": [option()]},
    "image": PICTURE,
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
    "section": {"text": marked()},
    "actions": {"elements": [element("button")]},
    "context": {"elements": [marked()]},
    "divider": {},
    "header": {"text": plain()},
    "image": PICTURE,
    "input": {"label": plain("Label"), "element": element("plain_text_input")},
    "rich_text": {"elements": [{"type": "rich_text_section", "elements": []}]},
    "video": {
        "alt_text": "A",
        "title": plain(),
        "thumbnail_url": "https://example.com/a.png",
        "video_url": "https://example.com/a.mp4",
    },
    "file": {"external_id": "F-1", "source": "remote"},
    "markdown": {"text": "# Text"},
    "table": {"rows": [cells(2), cells(2)]},
}


def with_(whole: Any, path: str, value: object) -> Any:
    """A copy in which this place holds something else: `with_(block, "text/text", "")`."""
    changed = copy.deepcopy(whole)
    *way, last = [int(step) if step.isdigit() else step for step in path.split("/")]
    place = changed
    for step in way:
        place = place[step]
    place[last] = value
    return changed


def without(whole: Json, name: str) -> Json:
    return {key: value for key, value in whole.items() if key != name}


def said_of_message(*blocks: Json) -> list[str]:
    return said(check_message(list(blocks)))


def said_of_view(view: object) -> list[str]:
    return said(check_view(view))


IN_INPUT = "/view/blocks/0/element"


def said_of_input(inside: Json) -> list[str]:
    """What is said about an element in a modal, without the line about the view itself."""
    lines = said_of_view(modal(field(inside)))
    assert lines[:1] in ([], at("/view", ALL_SCHEMAS))
    return lines[1:]


def refused(kind: str, **own: object) -> list[str]:
    return said_of_input(element(kind, **own))


def in_input(name: str, message: str) -> list[str]:
    return at(f"{IN_INPUT}/{name}".rstrip("/"), message)


def said(problems: Iterable[Problem]) -> list[str]:
    return [str(problem) for problem in problems]


def at(pointer: str, *messages: str) -> list[str]:
    return [f"{message} [json-pointer:{pointer}]" for message in messages]


ALL_SCHEMAS = "failed to match all allowed schemas"


def text_at(pointer: str, message: str, *, inside: str = "text") -> list[str]:
    """Slack names the text object first, then what is wrong inside it."""
    return [*at(pointer, ALL_SCHEMAS), *at(f"{pointer}/{inside}", message)]


def too_long(most: int) -> str:
    return f"must be less than {most + 1} characters"


def too_many(most: int) -> str:
    return f"no more than {most} items allowed"


EMPTY = "must be more than 0 characters"
NOTHING = "must provide at least 1 items"
