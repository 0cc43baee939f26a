"""Every block of a message is shown."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from sandbox.slack.primitives.json_types import Json
from sandbox.world.world import World
from tests.browser.conftest import OpenPage
from tests.browser.gallery_app import (
    IMAGE_BASE_URL,
    GalleryApp,
    actions,
    menu_element,
    mrkdwn,
    options,
    plain_text,
    rich_text,
    rich_text_part,
    rich_text_run,
    section,
    serve_images,
)
from tests.browser.page_actions import message_with_text


@pytest.fixture
async def gallery_app(world: World) -> AsyncIterator[GalleryApp]:
    async with GalleryApp(world) as app:
        yield app


async def test_texts_headers_dividers_and_contexts_are_shown(
    open_page: OpenPage, world: World, gallery_app: GalleryApp
) -> None:
    ada = await serve_images(await open_page(world.personas.ada))
    small = {"type": "image", "image_url": f"{IMAGE_BASE_URL}/leaf.svg", "alt_text": "A leaf"}
    await gallery_app.post_message(
        world.personas.ada,
        {"type": "header", "text": plain_text("Tea :own-tea: & coffee :coffee:")},
        section("Served by *us*", fields=[mrkdwn("*Pot*\nLarge"), plain_text("*Cup*\nSmall")]),
        {"type": "divider"},
        {"type": "context", "elements": [small, mrkdwn("For _you_"), plain_text("and _you_")]},
        section("A leaf", accessory=small),
    )
    message = message_with_text(ada, "Served by us")

    await expect(message.get_by_role("heading")).to_have_text("Tea :own-tea: & coffee ☕")
    await expect(message.locator(".section").first).to_contain_text("Served by us")
    await expect(message.locator(".fields > *")).to_have_text(["Pot\nLarge", "*Cup*\nSmall"])
    await expect(message.locator(".section strong")).to_have_text(["us", "Pot"])
    await expect(message.get_by_role("separator")).to_have_count(1)
    await expect(message.locator(".context")).to_have_text("For youand _you_")
    pictures = message.get_by_role("img", name="A leaf")
    await expect(pictures).to_have_count(2)
    for picture in await pictures.all():
        await expect(picture).to_have_js_property("naturalWidth", 320)


async def test_an_image_has_a_title_and_a_missing_one_its_description(
    open_page: OpenPage, world: World, gallery_app: GalleryApp
) -> None:
    ada = await serve_images(await open_page(world.personas.ada))
    await gallery_app.post_message(
        world.personas.ada,
        {
            "type": "image",
            "title": plain_text("The garden"),
            "image_url": f"{IMAGE_BASE_URL}/garden.svg",
            "alt_text": "Rows of tea",
        },
        {"type": "image", "slack_file": {"id": "F0123456"}, "alt_text": "A file of Slack's"},
    )

    figure = ada.get_by_role("figure", name="The garden")
    await expect(figure.get_by_role("img", name="Rows of tea")).to_have_js_property(
        "naturalWidth", 320
    )
    await expect(ada.get_by_role("img", name="A file of Slack's")).to_have_text("A file of Slack's")


async def test_tables_videos_and_remote_files_are_shown(
    open_page: OpenPage, world: World, gallery_app: GalleryApp
) -> None:
    ada = await serve_images(await open_page(world.personas.ada))
    cells = [
        [{"type": "raw_text", "text": "Tea"}, {"type": "raw_text", "text": "Minutes"}],
        [
            rich_text(rich_text_part("section", rich_text_run("Assam", bold=True))),
            {**number(4), "text": "4 min"},
        ],
    ]
    await gallery_app.post_message(
        world.personas.ada,
        {"type": "table", "rows": cells, "column_settings": [None, {"align": "right"}]},
        {
            "type": "video",
            "title": plain_text("How to pour"),
            "title_url": "https://tea.example.com/pour",
            "description": plain_text("Slowly."),
            "author_name": "Mo",
            "provider_name": "TeaTube",
            "video_url": "https://tea.example.com/embed",
            "thumbnail_url": f"{IMAGE_BASE_URL}/pour.svg",
            "alt_text": "A hand pours",
        },
        {"type": "file", "external_id": "tea-2026", "source": "remote"},
    )
    message = message_with_text(ada, "Assam")

    await expect(message.locator("th")).to_have_text(["Tea", "Minutes"])
    await expect(message.locator("td strong")).to_have_text("Assam")
    await expect(message.locator("td").last).to_have_text("4 min")
    await expect(message.locator("td").last).to_have_css("text-align", "right")
    await expect(message.locator(".video")).to_contain_text("TeaTube · Mo")
    await expect(message.locator(".video")).to_contain_text("Slowly.")
    title = message.get_by_role("link", name="How to pour")
    await expect(title).to_have_attribute("href", "https://tea.example.com/pour")
    played = message.get_by_role("link", name="A hand pours")
    await expect(played).to_have_attribute("href", "https://tea.example.com/embed")
    await expect(message.locator(".file")).to_have_text("tea-2026")


def number(value: float) -> Json:
    return {"type": "raw_number", "value": value}


async def test_unknown_blocks_are_shown_as_json(
    open_page: OpenPage, world: World, gallery_app: GalleryApp
) -> None:
    ada = await open_page(world.personas.ada)
    post = await gallery_app.post_message(
        world.personas.ada, section("Known"), actions(menu_element("users_select", "Who"))
    )
    unknown_block = {"type": "tea_leaves", "reading": "<b>a journey</b>"}
    post.blocks += [
        unknown_block,
        {"type": "actions", "block_id": "a", "elements": [{"type": "kettle", "action_id": "k"}]},
        {"type": "context", "elements": [{"type": "spoon"}]},
        rich_text(rich_text_part("poem"), rich_text_part("section", {"type": "rhyme"})),
        {"type": "table", "block_id": "without rows"},
    ]
    post.attachments += [{"id": 1, "actions": [{"type": "button", "text": "Old", "name": "old"}]}]
    post.edited = {"user": world.slack.bot_user_id, "ts": "1.0"}
    world.slack.state.notify_change()

    boxes = ada.get_by_test_id("unsupported")
    await expect(boxes).to_have_count(7)
    await expect(boxes.locator("strong")).to_have_text(
        [
            "Unsupported block: tea_leaves",
            "Unsupported element: kettle",
            "Unsupported element: spoon",
            "Unsupported element: rich_text_poem",
            "Unsupported element: rhyme",
            "Unsupported block: table",
            "Unsupported block: actions of an attachment",
        ]
    )
    await expect(boxes.first).to_contain_text('"reading": "<b>a journey</b>"')
    await expect(boxes.first).to_be_visible()
    await expect(message_with_text(ada, "Known").get_by_label("Who")).to_be_visible()


async def test_a_choice_in_a_message_survives_an_update(
    open_page: OpenPage, world: World, gallery_app: GalleryApp
) -> None:
    ada = await open_page(world.personas.ada)
    post = await gallery_app.post_message(
        world.personas.ada,
        actions(menu_element("static_select", "Cup", options=options("Small", "Large"))),
    )
    cup = ada.get_by_test_id("message").get_by_label("Cup")
    await cup.select_option("Large")
    await gallery_app.next_action()

    await gallery_app.client.chat_update(
        channel=post.channel, ts=post.ts, text="New", blocks=post.blocks
    )

    await expect(ada.get_by_test_id("message")).to_contain_text("(edited)")
    await expect(cup.locator("option:checked")).to_have_text("Large")


async def test_a_click_also_sends_inputs_of_the_message(
    open_page: OpenPage, world: World, gallery_app: GalleryApp
) -> None:
    ada = await open_page(world.personas.ada)
    name = {"type": "plain_text_input", "action_id": "name"}
    await gallery_app.post_message(
        world.personas.ada,
        {"type": "input", "block_id": "who", "label": plain_text("Your name"), "element": name},
        actions({"type": "button", "action_id": "go", "text": plain_text("Go")}),
    )
    message = ada.get_by_test_id("message")

    await message.get_by_label("Your name").press_sequentially("Ada")
    await message.get_by_role("button", name="Go").click()

    payload = await gallery_app.next_payload("block_actions")
    assert [one["action_id"] for one in payload["actions"]] == ["go"]
    typed = {"type": "plain_text_input", "value": "Ada"}
    assert payload["state"]["values"]["who"] == {"name": typed}
    assert gallery_app.has_read_all_actions()
