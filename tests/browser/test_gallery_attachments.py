"""Attachments, the older way to say more, are shown and used as blocks are."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from sandbox.world import World
from tests.browser.conftest import Opens
from tests.browser.gallery import (
    PICTURES,
    App,
    actions,
    menu,
    options,
    section,
    with_pictures,
)
from tests.browser.hands import card

# 14:39:42 UTC
MOMENT = 1392734382


@pytest.fixture
async def app(world: World) -> AsyncIterator[App]:
    async with App(world) as app:
        yield app


async def test_attachments_stand_under_the_message_beside_their_colour(
    opens: Opens, world: World, app: App
) -> None:
    ada = await with_pictures(await opens(world.cast.ada))
    field = {"title": "Water", "value": "*soft*", "short": True}
    old = {
        "color": "danger",
        "pretext": "Before, <@" + world.cast.mo.id + ">",
        "author_name": "The kettle",
        "title": "It boils over",
        "title_link": "https://tea.example.com/kettle",
        "text": "Take it *off*, says &lt;b&gt;",
        "fields": [field, field | {"short": False}],
        "image_url": f"{PICTURES}/kettle.svg",
        "fallback": "A kettle",
        "footer": "Kitchen",
        "ts": MOMENT,
    }
    await app.says(
        world.cast.ada,
        text="Look *here*",
        attachments=[
            old,
            {"fallback": "Only this"},
            {"color": "#36a64f", "blocks": [section("B")]},
        ],
    )
    message = card(ada, "Look here")
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


async def test_what_stands_in_an_attachment_can_be_used(
    opens: Opens, world: World, app: App
) -> None:
    ada = await opens(world.cast.ada)
    blocks = [
        actions(
            menu("static_select", "Cup", options=options("Small", "Large")),
            menu("external_select", "Tea", min_query_length=1),
        )
    ]
    await app.says(world.cast.ada, attachments=[{"blocks": blocks}])
    attachment = ada.get_by_test_id("attachment")

    await attachment.get_by_label("Cup").select_option("Large")
    assert (await app.hears_action())["selected_option"]["value"] == "large"
    await attachment.get_by_role("combobox", name="Tea").fill("e")
    await attachment.get_by_role("option", name="Earl Grey").click()
    payload = await app.hears("block_actions")
    [values] = payload["state"]["values"].values()
    assert values["static_select"]["selected_option"]["value"] == "large"
    assert values["external_select"]["selected_option"]["value"] == "earl grey"
