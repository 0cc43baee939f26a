"""Messages, modals and home tabs: what holds for all their blocks together."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from sandbox.slack.blockkit.blocks import IN_HOME, IN_MESSAGE, IN_MODAL
from sandbox.slack.blockkit.objects import plain_text
from sandbox.slack.blockkit.problems import Problem
from sandbox.slack.blockkit.rules import boolean, items, kinds, shape, string, whole

# Beyond these Slack refuses the payload by another name; it is for the caller to say it.
VIEW_BYTES = 250_000  # view_too_large (docs.slack.dev, views.open)
MESSAGE_CHARACTERS = 13_200  # msg_blocks_too_long; not documented, about that many (bolt-js#2509)
_MARKDOWN_CHARACTERS = 12_000
_NO_SUBMIT = "must define `submit` to use an `input` block in modals"

Part = Mapping[str, Any]

_MESSAGE = items(kinds(IN_MESSAGE), most=50)
_ANY_VIEW = {
    "private_metadata": string(most=3000),
    "callback_id": string(most=255),
    "external_id": string(most=255),
}
_VIEW = whole(
    kinds(
        {
            "modal": shape(
                {"title": plain_text(24), "blocks": items(kinds(IN_MODAL), least=1, most=100)},
                {
                    **_ANY_VIEW,
                    "submit": plain_text(24),
                    "close": plain_text(24),
                    "clear_on_close": boolean,
                    "notify_on_close": boolean,
                },
            ),
            "home": shape({"blocks": items(kinds(IN_HOME), least=1, most=100)}, _ANY_VIEW),
        }
    )
)


def check_message(blocks: object) -> list[Problem]:
    """What Slack would list under `invalid_blocks`."""
    return list(_MESSAGE(blocks, "/blocks")) or _taken_together(blocks, "/blocks")


def check_view(view: object) -> list[Problem]:
    """What Slack would list under `invalid_arguments`, for a modal or a home tab."""
    return list(_VIEW(view, "/view")) or _taken_together_in_a_view(view)


def characters_in(blocks: object) -> int:
    """All that is written in these blocks, wherever it stands."""
    if isinstance(blocks, dict):
        own = blocks.get("text")
        return (len(own) if isinstance(own, str) else 0) + characters_in(list(blocks.values()))
    return sum(map(characters_in, blocks)) if isinstance(blocks, list) else 0


def _taken_together_in_a_view(view: Any) -> list[Problem]:
    blocks = view["blocks"]
    found = _taken_together(blocks, "/view/blocks")
    if view["type"] == "modal" and "submit" not in view:
        found += [
            Problem(_NO_SUBMIT, f"/view/blocks/{index}/input")
            for index, block in enumerate(blocks)
            if block["type"] == "input"
        ]
    return found


def _taken_together(blocks: Any, pointer: str) -> list[Problem]:
    placed = [(block, f"{pointer}/{index}") for index, block in enumerate(blocks)]
    inside = [list(_elements(block, at)) for block, at in placed]
    return [
        *_used_twice("block_id", placed),
        *(problem for elements in inside for problem in _used_twice("action_id", elements)),
        *_focused_twice(chain.from_iterable(inside)),
        *_too_much_markdown(placed),
    ]


def _elements(block: Part, pointer: str) -> Iterator[tuple[Part, str]]:
    for name in ("accessory", "element"):
        if name in block:
            yield block[name], f"{pointer}/{name}"
    if block["type"] == "actions":
        for index, element in enumerate(block["elements"]):
            yield element, f"{pointer}/elements/{index}"


def _used_twice(name: str, parts: Iterable[tuple[Part, str]]) -> Iterator[Problem]:
    seen = set()
    for part, pointer in parts:
        if (own := part.get(name)) is None:
            continue
        if own in seen:
            yield Problem(f'`{name}` "{own}" already exists', f"{pointer}/{name}")
        seen.add(own)


def _focused_twice(elements: Iterable[tuple[Part, str]]) -> Iterator[Problem]:
    focused = [pointer for element, pointer in elements if element.get("focus_on_load")]
    for pointer in focused[1:]:
        # The rule is documented, its words are not: these are ours.
        yield Problem("only one element can have `focus_on_load`", f"{pointer}/focus_on_load")


def _too_much_markdown(blocks: Iterable[tuple[Part, str]]) -> Iterator[Problem]:
    written = 0
    for block, pointer in blocks:
        written += len(block["text"]) if block["type"] == "markdown" else 0
        if written > _MARKDOWN_CHARACTERS:
            most = f"must be less than {_MARKDOWN_CHARACTERS + 1} characters"
            yield Problem(most, f"{pointer}/text")
            return
