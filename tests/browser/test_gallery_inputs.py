"""Every input of a form is found by its label and submits its value."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import FilePayload, Locator, Page, expect

from sandbox.slack.primitives.json_types import Json
from sandbox.world.world import World
from tests.browser.conftest import OpenPage
from tests.browser.gallery_app import (
    TEA_OPTIONS,
    GalleryApp,
    choose_by_search,
    general_channel,
    input_block,
    menu_element,
    option,
    options,
    selected_option,
)
from tests.browser.page_actions import submit_modal

TEXT = {"type": "plain_text_input"}
LEAF: FilePayload = {"name": "leaf.txt", "mimeType": "text/plain", "buffer": b"green"}
# 14:39 UTC; Ada's time zone is Berlin.
MOMENT = 1392734340


@pytest.fixture
async def gallery_app(world: World) -> AsyncIterator[GalleryApp]:
    async with GalleryApp(world) as app:
        yield app


async def test_typed_values_are_submitted_in_slacks_format(
    open_page: OpenPage, world: World, gallery_app: GalleryApp
) -> None:
    ada = await open_page(world.personas.ada)
    await gallery_app.open_modal(
        world.personas.ada,
        input_block("Name of it", TEXT),
        input_block("Story", TEXT | {"multiline": True}),
        input_block("Mail", {"type": "email_text_input"}),
        input_block("Link", {"type": "url_text_input"}),
        input_block("Grams", {"type": "number_input", "is_decimal_allowed": True}),
        input_block("Rhyme", {"type": "rich_text_input"}),
        input_block("Day", {"type": "datepicker"}),
        input_block("Hour", {"type": "timepicker"}),
        input_block("Moment", {"type": "datetimepicker"}),
        input_block("Proof", {"type": "file_input", "filetypes": ["txt"], "max_files": 2}),
        input_block("Nothing", TEXT, optional=True),
    )
    modal = ada.get_by_test_id("modal")
    for label, value in (
        ("Name of it", "Tea <b>&amp;</b> :coffee:"),
        ("Story", "One\nTwo"),
        ("Mail", "ada@acme.example"),
        ("Link", "https://tea.example.com"),
        ("Grams", "2.5"),
        ("Rhyme", "Pour\nmore"),
        ("Day", "2026-04-02"),
        ("Hour", "16:30"),
        ("Moment", "2014-02-18T15:39"),
    ):
        await modal.get_by_label(label, exact=True).fill(value)
    await modal.get_by_label("Proof").set_input_files([LEAF])
    await expect(modal.get_by_text("leaf.txt")).to_be_visible()
    await submit_modal(ada)

    values = await gallery_app.next_submitted_values()
    [file] = values.pop("proof")["files"]
    assert (file["name"], file["size"], file["mimetype"]) == ("leaf.txt", 5, "text/plain")
    texts = [{"type": "text", "text": "Pour\nmore"}]
    lines = [{"type": "rich_text_section", "elements": texts}]
    assert values == {
        "name": {"type": "plain_text_input", "value": "Tea <b>&amp;</b> :coffee:"},
        "story": {"type": "plain_text_input", "value": "One\nTwo"},
        "mail": {"type": "email_text_input", "value": "ada@acme.example"},
        "link": {"type": "url_text_input", "value": "https://tea.example.com"},
        "grams": {"type": "number_input", "value": "2.5"},
        "rhyme": {
            "type": "rich_text_input",
            "rich_text_value": {"type": "rich_text", "elements": lines},
        },
        "day": {"type": "datepicker", "selected_date": "2026-04-02"},
        "hour": {"type": "timepicker", "selected_time": "16:30"},
        "moment": {"type": "datetimepicker", "selected_date_time": MOMENT},
        "nothing": {"type": "plain_text_input", "value": None},
    }
    await expect(modal).to_have_count(0)


async def test_chosen_options_are_submitted_in_slacks_format(
    open_page: OpenPage, world: World, gallery_app: GalleryApp
) -> None:
    ada = await open_page(world.personas.ada)
    two = options("Small", "Large")
    await gallery_app.open_modal(
        world.personas.ada,
        input_block("Cup", menu_element("static_select", "Choose", options=two)),
        input_block("Tea", menu_element("external_select", "Search", min_query_length=1)),
        input_block("Drinker", menu_element("users_select", "Choose")),
        input_block("Room", menu_element("channels_select", "Choose")),
        input_block("Place", menu_element("conversations_select", "Choose")),
        input_block(
            "Cups", menu_element("multi_static_select", "Choose", options=two, max_selected_items=1)
        ),
        input_block("Teas", menu_element("multi_external_select", "Search", min_query_length=1)),
        input_block("Drinkers", menu_element("multi_users_select", "Choose")),
        input_block(
            "Sugar", {"type": "radio_buttons", "options": options("One lump", "Two lumps")}
        ),
        input_block("With", {"type": "checkboxes", "options": options("Milk", "Lemon", "Honey")}),
    )
    modal = ada.get_by_test_id("modal")
    await modal.get_by_label("Cup", exact=True).select_option("Large")
    await choose_by_search(modal, "Tea", "Earl Grey")
    await modal.get_by_label("Drinker", exact=True).select_option("Mo Tanaka")
    await modal.get_by_label("Room", exact=True).select_option("#general")
    await modal.get_by_label("Place", exact=True).select_option("#general")
    await choose_by_search(modal, "Cups", "Small")
    await choose_by_search(modal, "Cups", "Large")
    await choose_by_search(modal, "Teas", "Assam")
    await choose_by_search(modal, "Drinkers", "Eve Holt")
    await choose_by_search(modal, "Drinkers", "Grace Hopper")
    await modal.get_by_role("button", name="Remove Eve Holt").click()
    await modal.get_by_role("radiogroup", name="Sugar").get_by_label("Two lumps").check()
    await modal.get_by_role("group", name="With").get_by_label("Milk").check()
    await modal.get_by_role("group", name="With").get_by_label("Honey").check()
    await submit_modal(ada)

    values = await gallery_app.next_submitted_values()
    kinds = {name: state.pop("type") for name, state in values.items()}
    assert kinds["drinkers"] == "multi_users_select"
    assert values == {
        "cup": {"selected_option": selected_option("Large")},
        "tea": {"selected_option": option("Earl Grey")},
        "drinker": {"selected_user": world.personas.mo.id},
        "room": {"selected_channel": general_channel(world).id},
        "place": {"selected_conversation": general_channel(world).id},
        # max_selected_items is 1, so the second choice is ignored.
        "cups": {"selected_options": [selected_option("Small")]},
        "teas": {"selected_options": [option("Assam")]},
        "drinkers": {"selected_users": [world.personas.grace.id]},
        "sugar": {"selected_option": selected_option("Two lumps")},
        "with": {"selected_options": [selected_option("Milk"), selected_option("Honey")]},
    }


async def open_tea_form(
    open_page: OpenPage, world: World, app: GalleryApp
) -> tuple[Page, Locator, Locator]:
    """Ada's window, the form in it, and the form's searchable menu, which has the focus."""
    ada = await open_page(world.personas.ada)
    await app.open_modal(
        world.personas.ada,
        input_block(
            "Teas", menu_element("multi_static_select", "X", options=options(*TEA_OPTIONS))
        ),
    )
    modal = ada.get_by_test_id("modal")
    teas = modal.get_by_role("combobox", name="Teas")
    await expect(teas).to_be_focused()
    return ada, modal, teas


async def test_a_searchable_menu_works_with_the_keyboard(
    open_page: OpenPage, world: World, gallery_app: GalleryApp
) -> None:
    ada, modal, teas = await open_tea_form(open_page, world, gallery_app)
    offered = modal.get_by_role("option")

    await ada.keyboard.type("e")
    await expect(offered).to_have_text(["Ceylon", "Earl Grey"])
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        await ada.keyboard.press(key)
    await expect(modal.locator(".chip")).to_have_text("Earl Grey×")
    await ada.keyboard.press("ArrowUp")
    await expect(teas).to_have_attribute("aria-expanded", "true")
    await expect(modal.get_by_role("option", selected=True)).to_have_text("Earl Grey")
    await ada.keyboard.press("Escape")
    await expect(offered).to_have_count(0)
    await ada.keyboard.press("Backspace")
    await expect(modal.locator(".chip")).to_have_count(0)
    await expect(teas).to_be_focused()


async def test_a_searchable_menu_stays_closed_until_it_is_used(
    open_page: OpenPage, world: World, gallery_app: GalleryApp
) -> None:
    _, modal, teas = await open_tea_form(open_page, world, gallery_app)
    await expect(teas).to_have_attribute("aria-expanded", "false")

    await teas.click()

    await expect(modal.get_by_role("option")).to_have_text([*TEA_OPTIONS])


async def test_a_conversation_menu_respects_its_filter(
    open_page: OpenPage, world: World, gallery_app: GalleryApp
) -> None:
    ada = await open_page(world.personas.ada)
    filters: dict[str, Json] = {
        "All": {},
        "Public": {"filter": {"include": ["public"]}},
        "Direct": {"filter": {"include": ["im"]}},
        "People": {"filter": {"include": ["im", "public"], "exclude_bot_users": True}},
    }
    await gallery_app.open_modal(
        world.personas.ada,
        *(
            input_block(one, menu_element("conversations_select", "X", **more))
            for one, more in filters.items()
        ),
    )
    modal = ada.get_by_test_id("modal")

    channels = ["#general", "#it-help", "#random"]
    offered = {"All": ["Frontdesk", *channels], "Public": channels, "People": channels}
    for label, names in (offered | {"Direct": ["Frontdesk"]}).items():
        await expect(modal.get_by_label(label).locator("option:enabled")).to_have_text(names)


async def test_initial_values_are_shown_and_can_be_removed(
    open_page: OpenPage, world: World, gallery_app: GalleryApp
) -> None:
    ada = await open_page(world.personas.ada)
    two = options("Small", "Large")
    first = {"initial_option": two[0]}
    await gallery_app.open_modal(
        world.personas.ada,
        input_block("Name", TEXT | {"initial_value": "Assam & co"}, optional=True),
        input_block(
            "Cup", menu_element("static_select", "Choose", options=two, **first), optional=True
        ),
        input_block(
            "With", {"type": "checkboxes", "options": two, "initial_options": two}, optional=True
        ),
        input_block(
            "Who",
            menu_element("multi_users_select", "X", initial_users=[world.personas.mo.id]),
            optional=True,
        ),
        input_block("Day", {"type": "datepicker", "initial_date": "2026-04-02"}, optional=True),
        input_block("At", {"type": "datetimepicker", "initial_date_time": MOMENT}, optional=True),
    )
    modal = ada.get_by_test_id("modal")

    await expect(modal.get_by_label("Name")).to_have_value("Assam & co")
    await expect(modal.get_by_label("Cup").locator("option:checked")).to_have_text("Small")
    await expect(modal.get_by_role("checkbox", checked=True)).to_have_count(2)
    await expect(modal.locator(".chip")).to_have_text("Mo Tanaka×")
    await expect(modal.get_by_label("Day")).to_have_value("2026-04-02")
    await expect(modal.get_by_label("At (optional)")).to_have_value("2014-02-18T15:39")

    await modal.get_by_label("Name").fill("")
    await modal.get_by_label("Cup").select_option("")
    for box in await modal.get_by_role("checkbox").all():
        await box.uncheck()
    await modal.get_by_role("button", name="Remove Mo Tanaka").click()
    await modal.get_by_label("Day").fill("")
    await modal.get_by_label("At (optional)").fill("")
    await submit_modal(ada)
    values = await gallery_app.next_submitted_values()
    assert {name: value_of(state) for name, state in values.items()} == {
        "name": None,
        "cup": None,
        "with": [],
        "who": [],
        "day": None,
        "at": None,
    }


def value_of(state: Json) -> object:
    [value] = [value for key, value in state.items() if key != "type"]
    return value
