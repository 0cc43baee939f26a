"""Shortcuts and the Home tab of an app."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from sandbox.world.world import World
from tests.browser.conftest import OpenPage
from tests.browser.gallery_app import (
    GalleryApp,
    actions,
    input_block,
    menu_element,
    options,
    plain_text,
    section,
)
from tests.browser.page_actions import message_with_text, send_message


@pytest.fixture
async def gallery_app(world: World) -> AsyncIterator[GalleryApp]:
    async with GalleryApp(world) as app:
        yield app


async def test_a_global_shortcut_is_in_the_composer_menu(
    open_page: OpenPage, world: World, gallery_app: GalleryApp
) -> None:
    ada = await open_page(world.personas.ada)

    await ada.get_by_role("button", name="Shortcuts and commands").click()
    await expect(ada.get_by_role("menuitem", name="Brew for them")).to_have_count(0)
    await ada.get_by_role("menuitem", name="Brew a pot").click()

    payload = await gallery_app.next_payload("shortcut")
    assert (payload["callback_id"], payload["user"]["id"]) == ("brew", world.personas.ada.id)
    await gallery_app.client.views_open(
        trigger_id=payload["trigger_id"],
        view={"type": "modal", "title": plain_text("Brew"), "blocks": [section("A pot")]},
    )
    await expect(ada.get_by_test_id("modal").get_by_role("heading", name="Brew")).to_be_visible()


async def test_a_message_shortcut_is_in_the_message_menu(
    open_page: OpenPage, world: World, gallery_app: GalleryApp
) -> None:
    ada = await open_page(world.personas.ada)
    await ada.get_by_role("link", name="general").click()
    await expect(ada.get_by_role("heading", level=1)).to_have_text("#general")
    await send_message(ada, "Who wants tea?")
    message = message_with_text(ada, "Who wants tea?")

    await message.hover()
    await message.get_by_role("button", name="More actions on this message").click()
    await expect(ada.get_by_role("menuitem", name="Brew a pot")).to_have_count(0)
    await ada.get_by_role("menuitem", name="Brew for them").click()

    payload = await gallery_app.next_payload("message_action")
    assert payload["callback_id"] == "brew_for"
    assert payload["channel"]["name"] == "general"
    assert payload["message"]["text"] == "Who wants tea?"


async def test_the_home_tab_is_shown_and_works(
    open_page: OpenPage, world: World, gallery_app: GalleryApp
) -> None:
    ada = await open_page(world.personas.ada)
    await (
        ada.get_by_role("navigation", name="Channels and apps")
        .get_by_role("link", name="Home")
        .click()
    )
    home = ada.get_by_test_id("home")
    await expect(home).to_contain_text("has not drawn its Home tab yet")

    await gallery_app.client.views_publish(
        user_id=world.personas.ada.id,
        view={
            "type": "home",
            "blocks": [
                {"type": "header", "text": plain_text("Tea room")},
                input_block("Name", {"type": "plain_text_input"}),
                actions(menu_element("static_select", "Cup", options=options("Small", "Large"))),
            ],
        },
    )
    await expect(home.get_by_role("heading", name="Tea room")).to_be_visible()
    await home.get_by_label("Name").fill("Assam")
    await home.get_by_label("Cup").select_option("Large")

    payload = await gallery_app.next_payload("block_actions")
    assert payload["view"]["type"] == "home"
    assert payload["actions"][0]["selected_option"]["value"] == "large"
    assert payload["view"]["state"]["values"]["name"]["name"]["value"] == "Assam"
