"""Block Kit payloads that break one constraint, by the names of slackblocks' list of them.

Those with a limit are made for any number, so that one test goes up to the limit and one beyond.
"""

from collections.abc import Callable, Mapping

from tests.sandbox.blockkit.samples import (
    Json,
    actions,
    block,
    button,
    cells,
    confirm,
    element,
    field,
    group,
    marked,
    modal,
    option,
    options,
    plain,
    section,
)

Payload = list[Json] | Json


def _confirming(name: str) -> Callable[[int], Payload]:
    return lambda n: [actions(button(confirm={**confirm(), name: plain("x" * n)}))]


def _menu(kind: str, **own: object) -> list[Json]:
    return [actions(element(kind, **own))]


def _url(length: int) -> str:
    start = "https://x.de/"
    return start + "🎟" * (length - len(start))


def _options_only(count: int) -> list[Json]:
    groups = [group(*options(count))]
    return [actions({"type": "static_select", "option_groups": groups})]


def _grouped(count: int) -> list[Json]:
    return [actions({"type": "static_select", "option_groups": [group(option())] * count})]


def _labelled(length: int) -> list[Json]:
    groups = [{**group(option()), "label": plain("x" * length)}]
    return [actions({"type": "static_select", "option_groups": groups})]


def _asking(kind: str, name: str) -> Callable[[int], Payload]:
    return lambda n: modal(field(element(kind, **{name: n})))


def _video(name: str) -> Callable[[int], Payload]:
    return lambda n: [block("video", **{name: "x" * n})]


def _modal(name: str) -> Callable[[int], Payload]:
    return lambda n: modal(section(), **{name: plain("x" * n)})


def _buttons(count: int) -> list[Json]:
    return [button(action_id=str(number)) for number in range(count)]


LIMITED: Mapping[str, Callable[[int], Payload]] = {
    "text.min_length": lambda n: [section(text=marked("x" * n))],
    "text.max_length": lambda n: [section(text=marked("x" * n))],
    "action_id.max_length": lambda n: [actions(button(action_id="x" * n))],
    "block_id.max_length": lambda n: [section(block_id="x" * n)],
    "button.text.max_length": lambda n: [actions(button(text=plain("x" * n)))],
    "button.url.max_length": lambda n: [actions(button(url=_url(n)))],
    "button.value.max_length": lambda n: [actions(button(value="x" * n))],
    "button.accessibility_label.max_length": lambda n: [
        actions(button(accessibility_label="x" * n))
    ],
    "confirmation.title.max_length": _confirming("title"),
    "confirmation.text.max_length": _confirming("text"),
    "confirmation.confirm.max_length": _confirming("confirm"),
    "confirmation.deny.max_length": _confirming("deny"),
    "option.text.max_length": lambda n: _menu(
        "static_select", options=[option() | {"text": plain("x" * n)}]
    ),
    "option.value.max_length": lambda n: _menu(
        "static_select", options=[option() | {"value": "x" * n}]
    ),
    "option.url.max_length": lambda n: _menu("overflow", options=[option() | {"url": _url(n)}]),
    "option.description.max_length": lambda n: _menu(
        "static_select", options=[option() | {"description": plain("x" * n)}]
    ),
    "option_group.label.max_length": _labelled,
    "option_group.options.min_items": _options_only,
    "option_group.options.max_items": _options_only,
    "select.placeholder.max_length": lambda n: _menu("static_select", placeholder=plain("x" * n)),
    "select.options.max_items": lambda n: _menu("static_select", options=options(n)),
    "select.option_groups.max_items": _grouped,
    "overflow.options.min_items": lambda n: _menu("overflow", options=options(n)),
    "overflow.options.max_items": lambda n: _menu("overflow", options=options(n)),
    "checkboxes.options.min_items": lambda n: _menu("checkboxes", options=options(n)),
    "checkboxes.options.max_items": lambda n: _menu("checkboxes", options=options(n)),
    "radio_buttons.options.min_items": lambda n: _menu("radio_buttons", options=options(n)),
    "radio_buttons.options.max_items": lambda n: _menu("radio_buttons", options=options(n)),
    "file_input.max_files.min": _asking("file_input", "max_files"),
    "file_input.max_files.max": _asking("file_input", "max_files"),
    "plain_text_input.max_length.max": _asking("plain_text_input", "max_length"),
    "actions.elements.max_items": lambda n: [actions(*_buttons(n))],
    "context.elements.max_items": lambda n: [block("context", elements=[marked()] * n)],
    "header.text.max_length": lambda n: [block("header", text=plain("x" * n))],
    "image.image_url.max_length": lambda n: [block("image", image_url=_url(n))],
    "image.alt_text.max_length": lambda n: [block("image", alt_text="x" * n)],
    "input.label.max_length": lambda n: modal(block("input", label=plain("x" * n))),
    "input.hint.max_length": lambda n: modal(block("input", hint=plain("x" * n))),
    "markdown.text.min_length": lambda n: [block("markdown", text="x" * n)],
    "markdown.text.max_length": lambda n: [block("markdown", text="x" * n)],
    "section.text.max_length": lambda n: [section(text=marked("x" * n))],
    "section.fields.max_items": lambda n: [section(fields=[marked()] * n)],
    "section.fields.item_max_length": lambda n: [section(fields=[marked("x" * n)])],
    "video.alt_text.min_length": _video("alt_text"),
    "video.alt_text.max_length": _video("alt_text"),
    "video.title.max_length": lambda n: [block("video", title=plain("x" * n))],
    "video.author_name.max_length": _video("author_name"),
    "video.description.max_length": lambda n: [block("video", description=plain("x" * n))],
    "video.provider_name.max_length": _video("provider_name"),
    "view.blocks.min_items": lambda n: modal(*[section()] * n),
    "view.blocks.max_items": lambda n: modal(*[section()] * n),
    "view.private_metadata.max_length": lambda n: modal(section(), private_metadata="x" * n),
    "view.callback_id.max_length": lambda n: modal(section(), callback_id="x" * n),
    "view.title.max_length": _modal("title"),
    "view.close.max_length": _modal("close"),
    "view.submit.max_length": _modal("submit"),
    "table.rows.max_items": lambda n: [block("table", rows=[cells(1)] * n)],
}
_TWO_OFFERS = {"options": [option()], "option_groups": [group(option())]}
UNLIMITED: Mapping[str, Payload] = {
    "table.row_shape": [block("table", rows=[cells(2), cells(1)])],
    # Fewer settings than columns are allowed, says the table block's page on docs.slack.dev.
    "table.column_settings": [block("table", rows=[cells(2)], column_settings=[{}] * 3)],
    "section.content": [{"type": "section"}],
    "static_select.choice_source": [actions({"type": "static_select", **_TWO_OFFERS})],
    "image.source": [section(accessory=element("image", slack_file={"id": "F1"}))],
    "number_input.range": modal(field(element("number_input", min_value="2", max_value="1"))),
    "context.elements": [block("context", elements=[button()])],
    "input.element": modal(field(button())),
}
