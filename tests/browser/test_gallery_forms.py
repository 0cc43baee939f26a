"""Forms: errors, hints, second forms over the first, and what the app hears at once."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from sandbox.slack.shapes import Json
from sandbox.world import World
from tests.browser.conftest import Opens
from tests.browser.gallery import (
    App,
    actions,
    asks,
    chosen,
    form,
    marked,
    menu,
    options,
    picks,
    plain,
    section,
)
from tests.browser.hands import closes_modal, submits

TEXT = {"type": "plain_text_input"}


@pytest.fixture
async def app(world: World) -> AsyncIterator[App]:
    async with App(world) as app:
        yield app


async def test_each_error_stands_under_its_input_and_what_was_typed_survives(
    opens: Opens, world: World, app: App
) -> None:
    ada = await opens(world.cast.ada)
    boxes = {"type": "checkboxes", "options": options("Milk", "Lemon")}
    hint = plain("As on the :label: tin")
    await app.opens(
        world.cast.ada,
        section("Before you *order*"),
        asks("Name", TEXT, hint=hint),
        asks("With", boxes, optional=True, hint=plain("Or nothing")),
        asks("Teas", menu("multi_external_select", "Search", min_query_length=1)),
    )
    modal = ada.get_by_test_id("modal")
    name, teas = modal.get_by_label("Name"), modal.get_by_role("combobox", name="Teas")
    with_it = modal.get_by_role("group", name="With (optional)")
    await expect(name).to_be_focused()
    await expect(name).to_have_accessible_description("As on the 🏷️ tin")
    await expect(with_it).to_have_accessible_description("Or nothing")

    await name.fill("Asam")
    await with_it.get_by_label("Lemon").check()
    await submits(ada)
    await expect(teas).to_have_accessible_description("Please complete this required field.")
    await expect(teas).to_be_focused()

    await picks(modal, "Teas", "Assam")
    app.answer = errors(name="There is no <i>Asam</i>.", **{"with": "No lemons left."})
    await submits(ada)
    await expect(name).to_have_accessible_description("There is no <i>Asam</i>. As on the 🏷️ tin")
    await expect(name).to_be_focused()
    await expect(name).to_have_value("Asam")
    await expect(with_it).to_have_accessible_description("No lemons left. Or nothing")
    await expect(with_it.get_by_label("Lemon")).to_be_checked()
    await expect(modal.locator(".chip")).to_have_text("Assam×")
    await expect(teas).to_have_accessible_description("")

    app.answer = {}
    await submits(ada)
    await expect(modal).to_have_count(0)
    await expect(ada.get_by_test_id("composer")).to_be_focused()


def errors(**texts: str) -> Json:
    return {"response_action": "errors", "errors": texts}


async def test_a_second_form_lies_over_the_first_and_gives_the_focus_back(
    opens: Opens, world: World, app: App
) -> None:
    ada = await opens(world.cast.ada)
    await app.opens(world.cast.ada, asks("Name", TEXT), notify_on_close=True)
    modal = ada.get_by_test_id("modal")
    await modal.get_by_label("Name").fill("Assam")
    second = form(asks("Grams", TEXT), title="How much?", close=plain("Back"), notify_on_close=True)
    app.answer = {"response_action": "push", "view": second}
    await submits(ada)

    await expect(modal.get_by_role("heading", name="How much?")).to_be_visible()
    await expect(modal.get_by_label("Grams")).to_be_focused()
    await expect(ada.get_by_test_id("modal-beneath")).to_have_count(1)
    await modal.get_by_role("button", name="Back").click()
    assert (await app.hears("view_closed"))["view"]["title"]["text"] == "How much?"
    await expect(modal.get_by_role("heading", name="Order tea")).to_be_visible()
    await expect(modal.get_by_label("Name")).to_have_value("Assam")
    await expect(modal.get_by_test_id("modal-submit")).to_be_focused()

    await closes_modal(ada)
    assert (await app.hears("view_closed"))["view"]["title"]["text"] == "Order tea"
    await expect(ada.get_by_test_id("composer")).to_be_focused()


async def test_a_form_that_its_app_changes_keeps_what_was_typed(
    opens: Opens, world: World, app: App
) -> None:
    ada = await opens(world.cast.ada)
    cup = menu("static_select", "Cup", options=options("Small", "Large"))
    blocks = [asks("Name", TEXT), actions(cup) | {"block_id": "cups"}]
    await app.opens(world.cast.ada, *blocks)
    modal = ada.get_by_test_id("modal")
    await modal.get_by_label("Name").press_sequentially("Assa")
    await modal.get_by_label("Cup").select_option("Large")
    payload = await app.hears("block_actions")
    # What was typed a moment ago goes along.
    assert payload["view"]["state"]["values"]["name"]["name"]["value"] == "Assa"

    await modal.get_by_label("Name").focus()
    changed = form(*blocks, asks("Sugar", TEXT), title="And sugar?")
    await app.client.views_update(view_id=app.shown(world.cast.ada).id, view=changed)

    await expect(modal.get_by_role("heading", name="And sugar?")).to_be_visible()
    await expect(modal.get_by_label("Name")).to_be_focused()
    await ada.keyboard.type("m")
    await expect(modal.get_by_label("Name")).to_have_value("Assam")
    await expect(modal.get_by_label("Cup").locator("option:checked")).to_have_text("Large")


async def test_an_input_that_asks_for_it_tells_the_app_at_once_and_once(
    opens: Opens, world: World, app: App
) -> None:
    ada = await opens(world.cast.ada)
    eager = {"dispatch_action_config": {"trigger_actions_on": ["on_character_entered"]}}
    two = options("Small", "Large")
    await app.opens(
        world.cast.ada,
        asks("Quiet", TEXT),
        asks("Enter", TEXT, dispatch_action=True),
        asks("Eager", TEXT | eager, dispatch_action=True),
        asks("Cup", menu("static_select", "Choose", options=two), dispatch_action=True),
    )
    modal = ada.get_by_test_id("modal")

    await modal.get_by_label("Quiet").fill("x")
    await modal.get_by_label("Enter").fill("Assam")
    await modal.get_by_label("Cup").select_option("Large")
    assert (await app.hears_action())["action_id"] == "static_select"
    values = app.shown(world.cast.ada).values
    assert values["enter"]["enter"]["value"] == "Assam"
    await modal.get_by_label("Enter").press("Enter")
    action = await app.hears_action()
    assert action == {"type": "plain_text_input", "action_id": "enter", "value": "Assam"}
    await modal.get_by_label("Eager").press_sequentially("ab")
    assert [(await app.hears_action())["value"] for _ in "ab"] == ["a", "ab"]
    await modal.get_by_label("Quiet").fill("y")
    await submits(ada)

    assert (await app.hears_values())["quiet"]["value"] == "y"
    assert app.has_heard_all()


async def test_a_form_holds_whatever_else_blocks_can_show(
    opens: Opens, world: World, app: App
) -> None:
    ada = await opens(world.cast.ada)
    question = {
        "title": plain("Sure?"),
        "text": marked("*Very* sure?"),
        "confirm": plain("Yes"),
        "deny": plain("No"),
    }
    press = {"type": "button", "action_id": "b", "text": plain("Brew"), "confirm": question}
    more = {"type": "overflow", "action_id": "more", "options": options("Stir")}
    await app.opens(
        world.cast.ada,
        {"type": "header", "text": plain("Tea")},
        section("Pot", accessory=more),
        actions(press),
        {"type": "context", "elements": [marked("_Served hot_")]},
        submit=plain("Go :coffee:"),
    )
    modal = ada.get_by_test_id("modal")
    await expect(modal.locator("em")).to_have_text("Served hot")
    await expect(modal.get_by_test_id("modal-submit")).to_have_text("Go ☕")

    await modal.get_by_role("button", name="Brew").click()
    await ada.get_by_role("alertdialog").get_by_role("button", name="Yes").click()
    payload = await app.hears("block_actions")
    assert payload["container"] == {"type": "view", "view_id": app.shown(world.cast.ada).id}
    await expect(modal.get_by_role("button", name="Brew")).to_be_focused()
    await modal.get_by_role("button", name="More actions").click()
    await ada.get_by_role("menuitem", name="Stir").click()
    assert (await app.hears_action())["selected_option"] == chosen("Stir")
