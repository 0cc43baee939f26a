"""Messages, modals and home tabs: what may stand where, and what holds for all of it together."""

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
PICKED = [*SELECTS, "checkboxes", "radio_buttons", "datepicker", "timepicker"]
MAY_STAND_IN = {
    "actions": {*PICKED, "button", "overflow", "datetimepicker"},
    "section": {*PICKED, "button", "overflow", "image"},
    "input": set(ELEMENTS) - {"button", "overflow", "image", "file_input"},
    "context": {"image"},
}


def holding(place: str, inside: Json) -> tuple[Json, str]:
    """A block with the element in it, and the way from the block to the element."""
    if place == "section":
        return section(accessory=inside), "accessory"
    if place == "input":
        return input_block(inside), "element"
    return block(place, elements=[inside]), "elements/0"


@pytest.mark.parametrize("kind", ELEMENTS)
@pytest.mark.parametrize("place", MAY_STAND_IN)
def test_an_element_stands_only_where_slack_draws_it(place: str, kind: str) -> None:
    holder, way = holding(place, element(kind))
    refusal = lines_at(f"/blocks/0/{way}/type", f"unsupported type: {kind}")

    assert message_problems(holder) == ([] if kind in MAY_STAND_IN[place] else refusal)


@pytest.mark.parametrize("kind", ["workflow_button", "feedback_buttons", "checkbox"])
@pytest.mark.parametrize("place", MAY_STAND_IN)
def test_an_element_that_is_not_modelled_is_refused(place: str, kind: str) -> None:
    holder, way = holding(place, {"type": kind})

    assert message_problems(holder) == lines_at(
        f"/blocks/0/{way}/type", f"unsupported type: {kind}"
    )


@pytest.mark.parametrize("kind", ANYWHERE)
def test_most_blocks_stand_in_views_too(kind: str) -> None:
    assert check_view(modal(block(kind))) == []
    assert check_view(home(block(kind))) == []


@pytest.mark.parametrize("kind", MESSAGE_ONLY)
@pytest.mark.parametrize("view", [modal, home])
def test_some_blocks_stand_in_messages_only(kind: str, view: type) -> None:
    refusal = lines_at("/view/blocks/0/type", f"unsupported type: {kind}")

    assert view_problems(view(block(kind))) == [*lines_at("/view", NO_SCHEMA_MESSAGE), *refusal]


def test_files_are_asked_for_in_modals_only() -> None:
    upload = input_block(element("file_input"))
    message = "unsupported type: file_input"

    assert check_view(modal(upload)) == []
    assert message_problems(upload) == lines_at("/blocks/0/element/type", message)
    assert view_problems(home(upload))[1:] == lines_at("/view/blocks/0/element/type", message)


@pytest.mark.parametrize("kind", ["sectoin", "alert", "card", "container", "plan", ""])
def test_an_unknown_block_is_an_unsupported_type(kind: str) -> None:
    said = message_problems({"type": kind})

    assert said == lines_at("/blocks/0/type", f"unsupported type: {kind}")


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
def test_a_block_is_an_object_with_a_type(bad: object, pointer: str, message: str) -> None:
    assert check_message([bad]) == [Problem(message, f"/blocks/0{pointer}")]


@pytest.mark.parametrize("bad", [None, "[]", {}, 7])
def test_blocks_are_an_array(bad: object) -> None:
    assert check_message(bad) == [Problem("must provide an array", "/blocks")]


def test_a_message_may_do_without_blocks() -> None:
    assert check_message([]) == []


@pytest.mark.parametrize(
    ("count", "said"), [(50, []), (51, lines_at("/blocks", too_many_message(50)))]
)
def test_a_message_has_fifty_blocks_at_most(count: int, said: list[str]) -> None:
    assert message_problems(*[block("divider")] * count) == said


@pytest.mark.parametrize("view", [modal, home])
def test_a_view_has_a_hundred_blocks_at_most(view: type) -> None:
    first = lines_at("/view", NO_SCHEMA_MESSAGE)

    assert view_problems(view(*[block("divider")] * 100)) == []
    assert view_problems(view(*[block("divider")] * 101)) == [
        *first,
        *lines_at("/view/blocks", too_many_message(100)),
    ]
    assert view_problems(view()) == [*first, *lines_at("/view/blocks", NO_ITEMS_MESSAGE)]


def test_everything_that_is_wrong_is_said_at_once() -> None:
    said = message_problems(block("header", text=mrkdwn()), {"type": "nothing"}, section(fields=[]))

    assert said == [
        *text_lines_at("/blocks/0/text", "unsupported type: mrkdwn", inside="type"),
        *lines_at("/blocks/1/type", "unsupported type: nothing"),
        *lines_at("/blocks/2/fields", NO_ITEMS_MESSAGE),
    ]


@pytest.mark.parametrize(
    ("own", "said"),
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
def test_slack_refuses_the_modal(own: Json, said: list[str]) -> None:
    assert view_problems(modal(section(), **own)) == [*lines_at("/view", NO_SCHEMA_MESSAGE), *said]


@pytest.mark.parametrize("name", ["title", "blocks", "type"])
def test_a_modal_has_a_title_and_blocks(name: str) -> None:
    said = view_problems(without_key(modal(section()), name))

    assert said == lines_at("/view", NO_SCHEMA_MESSAGE, f"missing required field: {name}")


@pytest.mark.parametrize("name", ["title", "submit", "close", "notify_on_close"])
def test_a_home_tab_has_no_frame(name: str) -> None:
    said = view_problems(home(section(), **{name: plain_text()}))

    assert said == lines_at("/view", NO_SCHEMA_MESSAGE, f"invalid additional property: {name}")


@pytest.mark.parametrize("bad", [None, "{}", [], 7])
def test_a_view_is_an_object(bad: object) -> None:
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
def test_slack_takes_the_view(good: Json) -> None:
    assert check_view(good) == []


def test_a_modal_that_asks_can_be_submitted() -> None:
    asks = input_block(element("plain_text_input"))
    message = "must define `submit` to use an `input` block in modals"

    said = view_problems(without_key(modal(section(), asks, section(), asks), "submit"))

    assert said == [
        *lines_at("/view/blocks/1/input", message),
        *lines_at("/view/blocks/3/input", message),
    ]


def test_a_block_id_is_used_once_in_a_message_and_in_a_view() -> None:
    twice = [section(block_id="b"), block("divider"), block("header", block_id="b")]
    message = '`block_id` "b" already exists'

    assert message_problems(*twice) == lines_at("/blocks/2/block_id", message)
    assert view_problems(modal(*twice)) == lines_at("/view/blocks/2/block_id", message)
    assert view_problems(home(*twice)) == lines_at("/view/blocks/2/block_id", message)


def test_an_action_id_is_used_once_in_a_block() -> None:
    twice = actions(button(action_id="go"), button(), button(action_id="go"))
    message = '`action_id` "go" already exists'

    assert message_problems(section(), twice) == lines_at("/blocks/1/elements/2/action_id", message)
    assert view_problems(home(twice)) == lines_at("/view/blocks/0/elements/2/action_id", message)


def test_an_action_id_may_return_in_another_block() -> None:
    again = [actions(button(action_id="go")), section(accessory=button(action_id="go"))]

    assert check_message(again) == []


def test_only_one_element_takes_the_focus() -> None:
    focused = element("plain_text_input", focus_on_load=True)
    calm = element("plain_text_input", focus_on_load=False)
    message = "only one element can have `focus_on_load`"

    assert check_view(modal(input_block(focused), input_block(calm))) == []
    assert view_problems(
        modal(input_block(focused), input_block(calm), input_block(focused))
    ) == lines_at("/view/blocks/2/element/focus_on_load", message)


def test_markdown_is_counted_over_the_whole_message() -> None:
    half = block("markdown", text="x" * 6000)

    assert message_problems(half, block("divider"), half) == []
    assert message_problems(half, half, block("markdown", text="x")) == lines_at(
        "/blocks/2/text", too_long_message(12_000)
    )


def test_what_is_written_in_blocks_is_counted_wherever_it_stands() -> None:
    blocks = [
        section(text=mrkdwn("12345"), accessory=element("static_select", options=[option("123")])),
        block("context", elements=[plain_text("🎟🎟")]),
        block("markdown", text="1"),
        block("divider"),
    ]

    assert count_characters(blocks) == 5 + 3 + 2 + 1
