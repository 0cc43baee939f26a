"""Forms: errors, hints, stacked forms and inputs that send their value at once."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from sandbox.slack.primitives.json_types import Json
from sandbox.world.world import World
from tests.browser.conftest import OpenPage
from tests.browser.gallery_app import (
    GalleryApp,
    actions,
    choose_by_search,
    input_block,
    menu_element,
    modal_view,
    mrkdwn,
    options,
    plain_text,
    section,
    selected_option,
)
from tests.browser.page_actions import close_modal, submit_modal

TEXT = {"type": "plain_text_input"}


@pytest.fixture
async def gallery_app(world: World) -> AsyncIterator[GalleryApp]:
    async with GalleryApp(world) as app:
        yield app


async def test_errors_are_shown_at_their_inputs_and_values_are_kept(
    open_page: OpenPage, world: World, gallery_app: GalleryApp
) -> None:
    ada = await open_page(world.personas.ada)
    boxes = {"type": "checkboxes", "options": options("Milk", "Lemon")}
    hint = plain_text("As on the :label: tin")
    await gallery_app.open_modal(
        world.personas.ada,
        section("Before you *order*"),
        input_block("Name", TEXT, hint=hint),
        input_block("With", boxes, optional=True, hint=plain_text("Or nothing")),
        input_block("Teas", menu_element("multi_external_select", "Search", min_query_length=1)),
    )
    modal = ada.get_by_test_id("modal")
    name, teas = modal.get_by_label("Name"), modal.get_by_role("combobox", name="Teas")
    with_it = modal.get_by_role("group", name="With (optional)")
    await expect(name).to_be_focused()
    await expect(name).to_have_accessible_description("As on the 🏷️ tin")
    await expect(with_it).to_have_accessible_description("Or nothing")

    await name.fill("Asam")
    await with_it.get_by_label("Lemon").check()
    await submit_modal(ada)
    await expect(teas).to_have_accessible_description("Please complete this required field.")
    await expect(teas).to_be_focused()

    await choose_by_search(modal, "Teas", "Assam")
    gallery_app.submission_response = errors(
        name="There is no <i>Asam</i>.", **{"with": "No lemons left."}
    )
    await submit_modal(ada)
    await expect(name).to_have_accessible_description("There is no <i>Asam</i>. As on the 🏷️ tin")
    await expect(name).to_be_focused()
    await expect(name).to_have_value("Asam")
    await expect(with_it).to_have_accessible_description("No lemons left. Or nothing")
    await expect(with_it.get_by_label("Lemon")).to_be_checked()
    await expect(modal.locator(".chip")).to_have_text("Assam×")
    await expect(teas).to_have_accessible_description("")

    gallery_app.submission_response = {}
    await submit_modal(ada)
    await expect(modal).to_have_count(0)
    await expect(ada.get_by_test_id("composer")).to_be_focused()


def errors(**texts: str) -> Json:
    return {"response_action": "errors", "errors": texts}


async def test_a_closed_second_form_returns_the_focus_to_the_first(
    open_page: OpenPage, world: World, gallery_app: GalleryApp
) -> None:
    ada = await open_page(world.personas.ada)
    await gallery_app.open_modal(
        world.personas.ada, input_block("Name", TEXT), notify_on_close=True
    )
    modal = ada.get_by_test_id("modal")
    await modal.get_by_label("Name").fill("Assam")
    second = modal_view(
        input_block("Grams", TEXT),
        title="How much?",
        close=plain_text("Back"),
        notify_on_close=True,
    )
    gallery_app.submission_response = {"response_action": "push", "view": second}
    await submit_modal(ada)

    await expect(modal.get_by_role("heading", name="How much?")).to_be_visible()
    await expect(modal.get_by_label("Grams")).to_be_focused()
    await expect(ada.get_by_test_id("modal-beneath")).to_have_count(1)
    await modal.get_by_role("button", name="Back").click()
    assert (await gallery_app.next_payload("view_closed"))["view"]["title"]["text"] == "How much?"
    await expect(modal.get_by_role("heading", name="Order tea")).to_be_visible()
    await expect(modal.get_by_label("Name")).to_have_value("Assam")
    await expect(modal.get_by_test_id("modal-submit")).to_be_focused()

    await close_modal(ada)
    assert (await gallery_app.next_payload("view_closed"))["view"]["title"]["text"] == "Order tea"
    await expect(ada.get_by_test_id("composer")).to_be_focused()


async def test_a_form_updated_by_its_app_keeps_typed_values(
    open_page: OpenPage, world: World, gallery_app: GalleryApp
) -> None:
    ada = await open_page(world.personas.ada)
    cup = menu_element("static_select", "Cup", options=options("Small", "Large"))
    blocks = [input_block("Name", TEXT), actions(cup) | {"block_id": "cups"}]
    await gallery_app.open_modal(world.personas.ada, *blocks)
    modal = ada.get_by_test_id("modal")
    await modal.get_by_label("Name").press_sequentially("Assa")
    await modal.get_by_label("Cup").select_option("Large")
    payload = await gallery_app.next_payload("block_actions")
    # The click also sends the text that was typed just before.
    assert payload["view"]["state"]["values"]["name"]["name"]["value"] == "Assa"

    await modal.get_by_label("Name").focus()
    changed = modal_view(*blocks, input_block("Sugar", TEXT), title="And sugar?")
    await gallery_app.client.views_update(
        view_id=gallery_app.top_view(world.personas.ada).id, view=changed
    )

    await expect(modal.get_by_role("heading", name="And sugar?")).to_be_visible()
    await expect(modal.get_by_label("Name")).to_be_focused()
    await ada.keyboard.type("m")
    await expect(modal.get_by_label("Name")).to_have_value("Assam")
    await expect(modal.get_by_label("Cup").locator("option:checked")).to_have_text("Large")


async def test_a_dispatching_input_sends_each_action_once(
    open_page: OpenPage, world: World, gallery_app: GalleryApp
) -> None:
    ada = await open_page(world.personas.ada)
    eager = {"dispatch_action_config": {"trigger_actions_on": ["on_character_entered"]}}
    two = options("Small", "Large")
    await gallery_app.open_modal(
        world.personas.ada,
        input_block("Quiet", TEXT),
        input_block("Enter", TEXT, dispatch_action=True),
        input_block("Eager", TEXT | eager, dispatch_action=True),
        input_block(
            "Cup", menu_element("static_select", "Choose", options=two), dispatch_action=True
        ),
    )
    modal = ada.get_by_test_id("modal")

    await modal.get_by_label("Quiet").fill("x")
    await modal.get_by_label("Enter").fill("Assam")
    await modal.get_by_label("Cup").select_option("Large")
    assert (await gallery_app.next_action())["action_id"] == "static_select"
    values = gallery_app.top_view(world.personas.ada).values
    assert values["enter"]["enter"]["value"] == "Assam"
    await modal.get_by_label("Enter").press("Enter")
    action = await gallery_app.next_action()
    assert action == {"type": "plain_text_input", "action_id": "enter", "value": "Assam"}
    await modal.get_by_label("Eager").press_sequentially("ab")
    assert [(await gallery_app.next_action())["value"] for _ in "ab"] == ["a", "ab"]
    await modal.get_by_label("Quiet").fill("y")
    await submit_modal(ada)

    assert (await gallery_app.next_submitted_values())["quiet"]["value"] == "y"
    assert gallery_app.has_read_all_actions()


async def test_a_form_shows_other_blocks_too(
    open_page: OpenPage, world: World, gallery_app: GalleryApp
) -> None:
    ada = await open_page(world.personas.ada)
    question = {
        "title": plain_text("Sure?"),
        "text": mrkdwn("*Very* sure?"),
        "confirm": plain_text("Yes"),
        "deny": plain_text("No"),
    }
    press = {"type": "button", "action_id": "b", "text": plain_text("Brew"), "confirm": question}
    more = {"type": "overflow", "action_id": "more", "options": options("Stir")}
    await gallery_app.open_modal(
        world.personas.ada,
        {"type": "header", "text": plain_text("Tea")},
        section("Pot", accessory=more),
        actions(press),
        {"type": "context", "elements": [mrkdwn("_Served hot_")]},
        submit=plain_text("Go :coffee:"),
    )
    modal = ada.get_by_test_id("modal")
    await expect(modal.locator("em")).to_have_text("Served hot")
    await expect(modal.get_by_test_id("modal-submit")).to_have_text("Go ☕")

    await modal.get_by_role("button", name="Brew").click()
    await ada.get_by_role("alertdialog").get_by_role("button", name="Yes").click()
    payload = await gallery_app.next_payload("block_actions")
    assert payload["container"] == {
        "type": "view",
        "view_id": gallery_app.top_view(world.personas.ada).id,
    }
    await expect(modal.get_by_role("button", name="Brew")).to_be_focused()
    await modal.get_by_role("button", name="More actions").click()
    await ada.get_by_role("menuitem", name="Stir").click()
    assert (await gallery_app.next_action())["selected_option"] == selected_option("Stir")
