"""Rules for messages, modals and Home tabs: allowed blocks, and rules across blocks."""

import pytest

from sandbox.slack.blockkit import Problem, check_message, check_view, count_characters
from tests.sandbox.slack.blockkit.sample_blocks import (
    BLOCKS,
    ELEMENTS,
    EMPTY_MESSAGE,
    NO_ITEMS_MESSAGE,
    NO_SCHEMA_MESSAGE,
    Json,
    actions,
    block,
    button,
    element,
    home,
    input_block,
    lines_at,
    message_problems,
    modal,
    mrkdwn,
    option,
    plain_text,
    section,
    text_lines_at,
    too_long_message,
    too_many_message,
    view_problems,
    without_key,
)

MESSAGE_ONLY = ("file", "markdown", "table")
ANYWHERE = [kind for kind in BLOCKS if kind not in MESSAGE_ONLY]
SELECTS = [kind for kind in ELEMENTS if kind.endswith("_select")]
CHOICE_ELEMENTS = [*SELECTS, "checkboxes", "radio_buttons", "datepicker", "timepicker"]
ALLOWED_ELEMENTS = {
    "actions": {*CHOICE_ELEMENTS, "button", "overflow", "datetimepicker"},
    "section": {*CHOICE_ELEMENTS, "button", "overflow", "image"},
    "input": set(ELEMENTS) - {"button", "overflow", "image", "file_input"},
    "context": {"image"},
}


def block_with_element(block_kind: str, inner: Json) -> tuple[Json, str]:
    """Return a block with this element, and the pointer from the block to the element."""
    if block_kind == "section":
        return section(accessory=inner), "accessory"
    if block_kind == "input":
        return input_block(inner), "element"
    return block(block_kind, elements=[inner]), "elements/0"


@pytest.mark.parametrize("kind", ELEMENTS)
@pytest.mark.parametrize("block_kind", ALLOWED_ELEMENTS)
def test_block_accepts_only_its_elements(block_kind: str, kind: str) -> None:
    outer_block, pointer = block_with_element(block_kind, element(kind))
    expected = lines_at(f"/blocks/0/{pointer}/type", f"unsupported type: {kind}")

    assert message_problems(outer_block) == (
        [] if kind in ALLOWED_ELEMENTS[block_kind] else expected
    )


@pytest.mark.parametrize("kind", ["workflow_button", "feedback_buttons", "checkbox"])
@pytest.mark.parametrize("block_kind", ALLOWED_ELEMENTS)
def test_unsupported_element_is_refused(block_kind: str, kind: str) -> None:
    outer_block, pointer = block_with_element(block_kind, {"type": kind})

    assert message_problems(outer_block) == lines_at(
        f"/blocks/0/{pointer}/type", f"unsupported type: {kind}"
    )


@pytest.mark.parametrize("kind", ANYWHERE)
def test_common_blocks_are_accepted_in_views(kind: str) -> None:
    assert check_view(modal(block(kind))) == []
    assert check_view(home(block(kind))) == []


@pytest.mark.parametrize("kind", MESSAGE_ONLY)
@pytest.mark.parametrize("view", [modal, home])
def test_message_only_blocks_are_refused_in_views(kind: str, view: type) -> None:
    expected = lines_at("/view/blocks/0/type", f"unsupported type: {kind}")

    assert view_problems(view(block(kind))) == [*lines_at("/view", NO_SCHEMA_MESSAGE), *expected]


def test_file_input_is_accepted_only_in_modals() -> None:
    upload = input_block(element("file_input"))
    message = "unsupported type: file_input"

    assert check_view(modal(upload)) == []
    assert message_problems(upload) == lines_at("/blocks/0/element/type", message)
    assert view_problems(home(upload))[1:] == lines_at("/view/blocks/0/element/type", message)


@pytest.mark.parametrize("kind", ["sectoin", "alert", "card", "container", "plan", ""])
def test_unknown_block_type_is_refused(kind: str) -> None:
    problems = message_problems({"type": kind})

    assert problems == lines_at("/blocks/0/type", f"unsupported type: {kind}")


@pytest.mark.parametrize(
    ("bad", "pointer", "message"),
    [
        ("text", "", "must provide an object"),
        (None, "", "must provide an object"),
        ({}, "", "missing required field: type"),
        ({"type": 7}, "/type", "must provide a string"),
        ({"type": ["section"]}, "/type", "must provide a string"),
    ],
)
def test_block_that_is_no_typed_object_is_refused(bad: object, pointer: str, message: str) -> None:
    assert check_message([bad]) == [Problem(message, f"/blocks/0{pointer}")]


@pytest.mark.parametrize("bad", [None, "[]", {}, 7])
def test_blocks_that_are_no_array_are_refused(bad: object) -> None:
    assert check_message(bad) == [Problem("must provide an array", "/blocks")]


def test_message_without_blocks_is_accepted() -> None:
    assert check_message([]) == []


@pytest.mark.parametrize(
    ("count", "expected"), [(50, []), (51, lines_at("/blocks", too_many_message(50)))]
)
def test_message_has_at_most_fifty_blocks(count: int, expected: list[str]) -> None:
    assert message_problems(*[block("divider")] * count) == expected


@pytest.mark.parametrize("view", [modal, home])
def test_view_has_at_most_a_hundred_blocks(view: type) -> None:
    first = lines_at("/view", NO_SCHEMA_MESSAGE)

    assert view_problems(view(*[block("divider")] * 100)) == []
    assert view_problems(view(*[block("divider")] * 101)) == [
        *first,
        *lines_at("/view/blocks", too_many_message(100)),
    ]
    assert view_problems(view()) == [*first, *lines_at("/view/blocks", NO_ITEMS_MESSAGE)]


def test_all_problems_are_reported_at_once() -> None:
    problems = message_problems(
        block("header", text=mrkdwn()), {"type": "nothing"}, section(fields=[])
    )

    assert problems == [
        *text_lines_at("/blocks/0/text", "unsupported type: mrkdwn", inside="type"),
        *lines_at("/blocks/1/type", "unsupported type: nothing"),
        *lines_at("/blocks/2/fields", NO_ITEMS_MESSAGE),
    ]


@pytest.mark.parametrize(
    ("own", "expected"),
    [
        ({"title": plain_text("x" * 25)}, text_lines_at("/view/title", too_long_message(24))),
        ({"title": plain_text("")}, text_lines_at("/view/title", EMPTY_MESSAGE)),
        (
            {"title": mrkdwn()},
            text_lines_at("/view/title", "unsupported type: mrkdwn", inside="type"),
        ),
        ({"submit": plain_text("x" * 25)}, text_lines_at("/view/submit", too_long_message(24))),
        (
            {"submit": mrkdwn()},
            text_lines_at("/view/submit", "unsupported type: mrkdwn", inside="type"),
        ),
        ({"close": plain_text("x" * 25)}, text_lines_at("/view/close", too_long_message(24))),
        (
            {"private_metadata": "x" * 3001},
            lines_at("/view/private_metadata", too_long_message(3000)),
        ),
        ({"private_metadata": {}}, lines_at("/view/private_metadata", "must provide a string")),
        ({"callback_id": "x" * 256}, lines_at("/view/callback_id", too_long_message(255))),
        ({"external_id": "x" * 256}, lines_at("/view/external_id", too_long_message(255))),
        ({"notify_on_close": "yes"}, lines_at("/view/notify_on_close", "must be a boolean")),
        (
            {"submit_disabled": True},
            lines_at("/view", "invalid additional property: submit_disabled"),
        ),
        ({"type": "workflow_step"}, lines_at("/view/type", "unsupported type: workflow_step")),
    ],
)
def test_invalid_modal_is_refused(own: Json, expected: list[str]) -> None:
    assert view_problems(modal(section(), **own)) == [
        *lines_at("/view", NO_SCHEMA_MESSAGE),
        *expected,
    ]


@pytest.mark.parametrize("name", ["title", "blocks", "type"])
def test_modal_without_title_or_blocks_is_refused(name: str) -> None:
    problems = view_problems(without_key(modal(section()), name))

    assert problems == lines_at("/view", NO_SCHEMA_MESSAGE, f"missing required field: {name}")


@pytest.mark.parametrize("name", ["title", "submit", "close", "notify_on_close"])
def test_home_tab_refuses_title_submit_and_close(name: str) -> None:
    problems = view_problems(home(section(), **{name: plain_text()}))

    assert problems == lines_at("/view", NO_SCHEMA_MESSAGE, f"invalid additional property: {name}")


@pytest.mark.parametrize("bad", [None, "{}", [], 7])
def test_view_that_is_no_object_is_refused(bad: object) -> None:
    assert view_problems(bad) == lines_at("/view", NO_SCHEMA_MESSAGE, "must provide an object")


@pytest.mark.parametrize(
    "good",
    [
        modal(
            section(),
            title=plain_text("x" * 24),
            submit=plain_text("x" * 24),
            close=plain_text("x" * 24),
            private_metadata="x" * 3000,
            callback_id="x" * 255,
            external_id="x" * 255,
            clear_on_close=True,
            notify_on_close=True,
        ),
        modal(section(), private_metadata="", callback_id="", external_id=""),
        without_key(modal(section()), "submit"),
        home(section(), input_block(element("plain_text_input")), callback_id="home"),
    ],
)
def test_valid_view_is_accepted(good: Json) -> None:
    assert check_view(good) == []


def test_modal_with_an_input_needs_submit() -> None:
    input_part = input_block(element("plain_text_input"))
    message = "must define `submit` to use an `input` block in modals"

    problems = view_problems(
        without_key(modal(section(), input_part, section(), input_part), "submit")
    )

    assert problems == [
        *lines_at("/view/blocks/1/input", message),
        *lines_at("/view/blocks/3/input", message),
    ]


def test_duplicate_block_id_is_refused() -> None:
    duplicates = [section(block_id="b"), block("divider"), block("header", block_id="b")]
    message = '`block_id` "b" already exists'

    assert message_problems(*duplicates) == lines_at("/blocks/2/block_id", message)
    assert view_problems(modal(*duplicates)) == lines_at("/view/blocks/2/block_id", message)
    assert view_problems(home(*duplicates)) == lines_at("/view/blocks/2/block_id", message)


def test_duplicate_action_id_in_a_block_is_refused() -> None:
    duplicates = actions(button(action_id="go"), button(), button(action_id="go"))
    message = '`action_id` "go" already exists'

    assert message_problems(section(), duplicates) == lines_at(
        "/blocks/1/elements/2/action_id", message
    )
    assert view_problems(home(duplicates)) == lines_at(
        "/view/blocks/0/elements/2/action_id", message
    )


def test_same_action_id_in_two_blocks_is_accepted() -> None:
    again = [actions(button(action_id="go")), section(accessory=button(action_id="go"))]

    assert check_message(again) == []


def test_second_focused_element_is_refused() -> None:
    focused = element("plain_text_input", focus_on_load=True)
    unfocused = element("plain_text_input", focus_on_load=False)
    message = "only one element can have `focus_on_load`"

    assert check_view(modal(input_block(focused), input_block(unfocused))) == []
    assert view_problems(
        modal(input_block(focused), input_block(unfocused), input_block(focused))
    ) == lines_at("/view/blocks/2/element/focus_on_load", message)


def test_markdown_limit_covers_the_whole_message() -> None:
    half = block("markdown", text="x" * 6000)

    assert message_problems(half, block("divider"), half) == []
    assert message_problems(half, half, block("markdown", text="x")) == lines_at(
        "/blocks/2/text", too_long_message(12_000)
    )


def test_characters_are_counted_at_all_levels() -> None:
    blocks = [
        section(text=mrkdwn("12345"), accessory=element("static_select", options=[option("123")])),
        block("context", elements=[plain_text("🎟🎟")]),
        block("markdown", text="1"),
        block("divider"),
    ]

    assert count_characters(blocks) == 5 + 3 + 2 + 1
