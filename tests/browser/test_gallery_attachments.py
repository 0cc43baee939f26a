"""Legacy attachments work like blocks."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from sandbox.world.world import World
from tests.browser.conftest import OpenPage
from tests.browser.gallery_app import (
    IMAGE_BASE_URL,
    GalleryApp,
    actions,
    menu_element,
    options,
    section,
    serve_images,
)
from tests.browser.page_actions import message_with_text

# 14:39:42 UTC
MOMENT = 1392734382


@pytest.fixture
async def gallery_app(world: World) -> AsyncIterator[GalleryApp]:
    async with GalleryApp(world) as app:
        yield app


async def test_attachments_have_their_texts_and_colour(
    open_page: OpenPage, world: World, gallery_app: GalleryApp
) -> None:
    ada = await serve_images(await open_page(world.personas.ada))
    field = {"title": "Water", "value": "*soft*", "short": True}
    legacy = {
        "color": "danger",
        "pretext": "Before, <@" + world.personas.mo.id + ">",
        "author_name": "The kettle",
        "title": "It boils over",
        "title_link": "https://tea.example.com/kettle",
        "text": "Take it *off*, says &lt;b&gt;",
        "fields": [field, field | {"short": False}],
        "image_url": f"{IMAGE_BASE_URL}/kettle.svg",
        "fallback": "A kettle",
        "footer": "Kitchen",
        "ts": MOMENT,
    }
    await gallery_app.post_message(
        world.personas.ada,
        text="Look *here*",
        attachments=[
            legacy,
            {"fallback": "Only this"},
            {"color": "#36a64f", "blocks": [section("B")]},
        ],
    )
    message = message_with_text(ada, "Look here")
    first, second, third = (message.get_by_test_id("attachment").nth(i) for i in range(3))

    await expect(first).to_contain_text("Before, @Mo Tanaka")
    await expect(first).to_contain_text("The kettle")
    title = first.get_by_role("link", name="It boils over")
    await expect(title).to_have_attribute("href", "https://tea.example.com/kettle")
    await expect(first).to_contain_text("Take it off, says <b>")
    await expect(first.locator(".fields > *")).to_have_text(["Watersoft", "Watersoft"])
    await expect(first.get_by_role("img", name="A kettle")).to_have_js_property("naturalWidth", 320)
    await expect(first).to_contain_text("Kitchen | Feb 18, 2014 3:39 PM")
    bar = "border-left-color"
    await expect(first.locator(".beside")).to_have_css(bar, "rgb(163, 2, 0)")
    await expect(second).to_have_text("Only this")
    await expect(third).to_have_text("B")
    await expect(third.locator(".beside")).to_have_css(bar, "rgb(54, 166, 79)")


async def test_elements_of_an_attachment_work(
    open_page: OpenPage, world: World, gallery_app: GalleryApp
) -> None:
    ada = await open_page(world.personas.ada)
    blocks = [
        actions(
            menu_element("static_select", "Cup", options=options("Small", "Large")),
            menu_element("external_select", "Tea", min_query_length=1),
        )
    ]
    await gallery_app.post_message(world.personas.ada, attachments=[{"blocks": blocks}])
    attachment = ada.get_by_test_id("attachment")

    await attachment.get_by_label("Cup").select_option("Large")
    assert (await gallery_app.next_action())["selected_option"]["value"] == "large"
    await attachment.get_by_role("combobox", name="Tea").fill("e")
    await attachment.get_by_role("option", name="Earl Grey").click()
    payload = await gallery_app.next_payload("block_actions")
    [values] = payload["state"]["values"].values()
    assert values["static_select"]["selected_option"]["value"] == "large"
    assert values["external_select"]["selected_option"]["value"] == "earl grey"
