"""Block Kit payloads that break one constraint, by its name in slackblocks' list.

A payload with a limit is a function of the number: one test uses the limit, one exceeds it.
"""

from collections.abc import Callable, Mapping

from tests.sandbox.slack.blockkit.sample_blocks import (
    Json,
    actions,
    block,
    button,
    confirm,
    element,
    input_block,
    modal,
    mrkdwn,
    option,
    option_group,
    options,
    plain_text,
    section,
    table_cells,
)

Payload = list[Json] | Json


def _with_confirm_text(name: str) -> Callable[[int], Payload]:
    return lambda n: [actions(button(confirm={**confirm(), name: plain_text("x" * n)}))]


def _in_actions(kind: str, **own: object) -> list[Json]:
    return [actions(element(kind, **own))]


def _url_of_length(length: int) -> str:
    start = "https://x.de/"
    return start + "🎟" * (length - len(start))


def _one_option_group(count: int) -> list[Json]:
    groups = [option_group(*options(count))]
    return [actions({"type": "static_select", "option_groups": groups})]


def _option_groups(count: int) -> list[Json]:
    return [actions({"type": "static_select", "option_groups": [option_group(option())] * count})]


def _group_with_label(length: int) -> list[Json]:
    groups = [{**option_group(option()), "label": plain_text("x" * length)}]
    return [actions({"type": "static_select", "option_groups": groups})]


def _input_with_number(kind: str, name: str) -> Callable[[int], Payload]:
    return lambda n: modal(input_block(element(kind, **{name: n})))


def _video(name: str) -> Callable[[int], Payload]:
    return lambda n: [block("video", **{name: "x" * n})]


def _modal(name: str) -> Callable[[int], Payload]:
    return lambda n: modal(section(), **{name: plain_text("x" * n)})


def _buttons(count: int) -> list[Json]:
    return [button(action_id=str(number)) for number in range(count)]


LIMITED: Mapping[str, Callable[[int], Payload]] = {
    "text.min_length": lambda n: [section(text=mrkdwn("x" * n))],
    "text.max_length": lambda n: [section(text=mrkdwn("x" * n))],
    "action_id.max_length": lambda n: [actions(button(action_id="x" * n))],
    "block_id.max_length": lambda n: [section(block_id="x" * n)],
    "button.text.max_length": lambda n: [actions(button(text=plain_text("x" * n)))],
    "button.url.max_length": lambda n: [actions(button(url=_url_of_length(n)))],
    "button.value.max_length": lambda n: [actions(button(value="x" * n))],
    "button.accessibility_label.max_length": lambda n: [
        actions(button(accessibility_label="x" * n))
    ],
    "confirmation.title.max_length": _with_confirm_text("title"),
    "confirmation.text.max_length": _with_confirm_text("text"),
    "confirmation.confirm.max_length": _with_confirm_text("confirm"),
    "confirmation.deny.max_length": _with_confirm_text("deny"),
    "option.text.max_length": lambda n: _in_actions(
        "static_select", options=[option() | {"text": plain_text("x" * n)}]
    ),
    "option.value.max_length": lambda n: _in_actions(
        "static_select", options=[option() | {"value": "x" * n}]
    ),
    "option.url.max_length": lambda n: _in_actions(
        "overflow", options=[option() | {"url": _url_of_length(n)}]
    ),
    "option.description.max_length": lambda n: _in_actions(
        "static_select", options=[option() | {"description": plain_text("x" * n)}]
    ),
    "option_group.label.max_length": _group_with_label,
    "option_group.options.min_items": _one_option_group,
    "option_group.options.max_items": _one_option_group,
    "select.placeholder.max_length": lambda n: _in_actions(
        "static_select", placeholder=plain_text("x" * n)
    ),
    "select.options.max_items": lambda n: _in_actions("static_select", options=options(n)),
    "select.option_groups.max_items": _option_groups,
    "overflow.options.min_items": lambda n: _in_actions("overflow", options=options(n)),
    "overflow.options.max_items": lambda n: _in_actions("overflow", options=options(n)),
    "checkboxes.options.min_items": lambda n: _in_actions("checkboxes", options=options(n)),
    "checkboxes.options.max_items": lambda n: _in_actions("checkboxes", options=options(n)),
    "radio_buttons.options.min_items": lambda n: _in_actions("radio_buttons", options=options(n)),
    "radio_buttons.options.max_items": lambda n: _in_actions("radio_buttons", options=options(n)),
    "file_input.max_files.min": _input_with_number("file_input", "max_files"),
    "file_input.max_files.max": _input_with_number("file_input", "max_files"),
    "plain_text_input.max_length.max": _input_with_number("plain_text_input", "max_length"),
    "actions.elements.max_items": lambda n: [actions(*_buttons(n))],
    "context.elements.max_items": lambda n: [block("context", elements=[mrkdwn()] * n)],
    "header.text.max_length": lambda n: [block("header", text=plain_text("x" * n))],
    "image.image_url.max_length": lambda n: [block("image", image_url=_url_of_length(n))],
    "image.alt_text.max_length": lambda n: [block("image", alt_text="x" * n)],
    "input.label.max_length": lambda n: modal(block("input", label=plain_text("x" * n))),
    "input.hint.max_length": lambda n: modal(block("input", hint=plain_text("x" * n))),
    "markdown.text.min_length": lambda n: [block("markdown", text="x" * n)],
    "markdown.text.max_length": lambda n: [block("markdown", text="x" * n)],
    "section.text.max_length": lambda n: [section(text=mrkdwn("x" * n))],
    "section.fields.max_items": lambda n: [section(fields=[mrkdwn()] * n)],
    "section.fields.item_max_length": lambda n: [section(fields=[mrkdwn("x" * n)])],
    "video.alt_text.min_length": _video("alt_text"),
    "video.alt_text.max_length": _video("alt_text"),
    "video.title.max_length": lambda n: [block("video", title=plain_text("x" * n))],
    "video.author_name.max_length": _video("author_name"),
    "video.description.max_length": lambda n: [block("video", description=plain_text("x" * n))],
    "video.provider_name.max_length": _video("provider_name"),
    "view.blocks.min_items": lambda n: modal(*[section()] * n),
    "view.blocks.max_items": lambda n: modal(*[section()] * n),
    "view.private_metadata.max_length": lambda n: modal(section(), private_metadata="x" * n),
    "view.callback_id.max_length": lambda n: modal(section(), callback_id="x" * n),
    "view.title.max_length": _modal("title"),
    "view.close.max_length": _modal("close"),
    "view.submit.max_length": _modal("submit"),
    "table.rows.max_items": lambda n: [block("table", rows=[table_cells(1)] * n)],
}
_OPTIONS_AND_GROUPS = {"options": [option()], "option_groups": [option_group(option())]}
UNLIMITED: Mapping[str, Payload] = {
    "table.row_shape": [block("table", rows=[table_cells(2), table_cells(1)])],
    # docs.slack.dev (table block) allows fewer settings than columns.
    "table.column_settings": [block("table", rows=[table_cells(2)], column_settings=[{}] * 3)],
    "section.content": [{"type": "section"}],
    "static_select.choice_source": [actions({"type": "static_select", **_OPTIONS_AND_GROUPS})],
    "image.source": [section(accessory=element("image", slack_file={"id": "F1"}))],
    "number_input.range": modal(input_block(element("number_input", min_value="2", max_value="1"))),
    "context.elements": [block("context", elements=[button()])],
    "input.element": modal(input_block(button())),
}
