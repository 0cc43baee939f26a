"""Every element of a message works and sends its action to the app."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest
from playwright.async_api import Locator, expect

from sandbox.slack.primitives.json_types import Json
from sandbox.world.world import World
from tests.browser.conftest import OpenPage
from tests.browser.gallery_app import (
    GalleryApp,
    actions,
    choose_by_search,
    general_channel,
    menu_element,
    mrkdwn,
    option,
    options,
    plain_text,
    section,
    selected_option,
    serve_images,
)
from tests.browser.page_actions import message_with_text

CONFIRM = {
    "title": plain_text("Pour it away?"),
    "text": mrkdwn("It is *still warm*."),
    "confirm": plain_text("Pour"),
    "deny": plain_text("Keep it"),
    "style": "danger",
}


@pytest.fixture
async def gallery_app(world: World) -> AsyncIterator[GalleryApp]:
    async with GalleryApp(world) as app:
        yield app


def button(text: str, **more: object) -> Json:
    return {"type": "button", "action_id": text.lower(), "text": plain_text(text), **more}


async def test_each_kind_of_button_sends_its_action(
    open_page: OpenPage, world: World, gallery_app: GalleryApp
) -> None:
    ada = await serve_images(await open_page(world.personas.ada))
    await gallery_app.post_message(
        world.personas.ada,
        actions(
            button("Brew", value="pot"),
            button("Serve", style="primary", value="cup"),
            button("Pour away", style="danger", accessibility_label="Pour the tea away"),
            button("Read on", url="https://tea.example.com/green?a=1&b=2"),
            button("Evil", url="javascript:document.title='owned'"),
        ),
    )
    message = message_with_text(ada, "Serve")

    for name, value in (("Brew", "pot"), ("Serve", "cup")):
        await message.get_by_role("button", name=name).click()
        action = await gallery_app.next_action()
        assert action == {"type": "button", "action_id": name.lower(), "value": value}
    await message.get_by_role("button", name="Pour the tea away").click()
    assert (await gallery_app.next_action())["action_id"] == "pour away"
    async with ada.context.expect_page() as opened:
        await message.get_by_role("link", name="Read on").click()
    assert (await opened.value).url == "https://tea.example.com/green?a=1&b=2"
    assert (await gallery_app.next_action())["url"] == "https://tea.example.com/green?a=1&b=2"
    await message.get_by_role("button", name="Evil").click()
    assert (await gallery_app.next_action())["action_id"] == "evil"
    assert "owned" not in await ada.title()


async def test_only_confirmed_actions_are_sent(
    open_page: OpenPage, world: World, gallery_app: GalleryApp
) -> None:
    ada = await open_page(world.personas.ada)
    await gallery_app.post_message(
        world.personas.ada,
        actions(
            button("Pour away", confirm=CONFIRM),
            menu_element(
                "static_select", "Cup", options=options("Small", "Large"), confirm=CONFIRM
            ),
            menu_element(
                "multi_static_select", "Add", options=options("Milk", "Lemon"), confirm=CONFIRM
            ),
            menu_element("datepicker", "Day", initial_date="2026-03-01", confirm=CONFIRM),
            {"type": "checkboxes", "action_id": "c", "options": options("Hot"), "confirm": CONFIRM},
        ),
    )
    message, question = message_with_text(ada, "Pour away"), ada.get_by_role("alertdialog")
    cup, day = message.get_by_label("Cup"), message.get_by_label("Day")

    async def press() -> None:
        await message.get_by_role("button", name="Pour away").click()

    async def choose() -> None:
        await cup.select_option("Large")

    async def add() -> None:
        await choose_by_search(message, "Add", "Lemon")

    async def date() -> None:
        await day.fill("2026-04-02")

    async def tick() -> None:
        await message.get_by_label("Hot").click()

    for act in (press, choose, add, date, tick):
        await act()
        await expect(question).to_have_accessible_name("Pour it away?")
        await expect(question.locator("strong")).to_have_text("still warm")
        await question.get_by_role("button", name="Keep it").click()
        await expect(question).to_have_count(0)
    await expect(cup).to_have_value("")
    await expect(message.locator(".chip")).to_have_count(0)
    await expect(day).to_have_value("2026-03-01")
    await expect(message.get_by_label("Hot")).not_to_be_checked()
    assert gallery_app.has_read_all_actions()

    for act in (press, choose, add, date, tick):
        await act()
        await question.get_by_role("button", name="Pour").click()
        await gallery_app.next_action()
    await expect(message.locator(".chip")).to_have_text("Lemon×")
    assert gallery_app.has_read_all_actions()


async def test_an_overflow_menu_sends_the_chosen_option(
    open_page: OpenPage, world: World, gallery_app: GalleryApp
) -> None:
    ada = await serve_images(await open_page(world.personas.ada))
    offered = [
        option("Stir", description=plain_text("Clockwise")),
        option("Read", url="https://tea.example.com/"),
    ]
    more = {"type": "overflow", "action_id": "more", "options": offered}
    await gallery_app.post_message(world.personas.ada, section("A pot of tea", accessory=more))
    opener = message_with_text(ada, "A pot of tea").get_by_role(
        "button", name="More actions", exact=True
    )

    await opener.click()
    await expect(ada.get_by_role("menuitem").first).to_contain_text("Clockwise")
    await ada.get_by_role("menuitem", name="Stir").click()

    stir = selected_option("Stir") | {"description": plain_text("Clockwise", emoji=True)}
    action = await gallery_app.next_action()
    assert action == {"type": "overflow", "action_id": "more", "selected_option": stir}
    await opener.click()
    async with ada.context.expect_page() as opened:
        await ada.get_by_role("menuitem", name="Read").click()
    assert (await opened.value).url == "https://tea.example.com/"
    assert (await gallery_app.next_action())["selected_option"]["value"] == "read"


@dataclass(frozen=True, slots=True)
class Case:
    """An element, how a person uses it, and the value that the app receives."""

    element: Json
    use: Callable[[Locator], Awaitable[object]]
    selected: Callable[[World], Json]


def choose_from_list(name: str, label: str) -> Callable[[Locator], Awaitable[object]]:
    return lambda block: block.get_by_label(name).select_option(label)


def search_and_choose(
    name: str, label: str, *, typed: str = ""
) -> Callable[[Locator], Awaitable[object]]:
    return lambda block: choose_by_search(block, name, label, search_text=typed)


def fill_in(value: str) -> Callable[[Locator], Awaitable[object]]:
    return lambda block: block.locator(".moment").fill(value)


GROUPS = [
    {"label": plain_text("Black"), "options": options("Assam", "Ceylon")},
    {"label": plain_text("Green"), "options": options("Sencha", "Hojicha")},
]
# 14:39:42 UTC; Ada's time zone is Berlin.
MOMENT = 1392734382
SINGLE_MENUS = [
    Case(
        menu_element("static_select", "Tea", option_groups=GROUPS, initial_option=option("Ceylon")),
        choose_from_list("Tea", "Sencha"),
        lambda _: {"selected_option": selected_option("Sencha")},
    ),
    Case(
        menu_element("users_select", "Drinker"),
        choose_from_list("Drinker", "Mo Tanaka"),
        lambda world: {"selected_user": world.personas.mo.id},
    ),
    Case(
        menu_element("channels_select", "Room"),
        choose_from_list("Room", "#general"),
        lambda world: {"selected_channel": general_channel(world).id},
    ),
    Case(
        menu_element("conversations_select", "Place"),
        choose_from_list("Place", "#general"),
        lambda world: {"selected_conversation": general_channel(world).id},
    ),
    Case(
        menu_element("external_select", "Search", min_query_length=2),
        search_and_choose("Search", "Earl Grey", typed="gr"),
        lambda _: {"selected_option": option("Earl Grey")},
    ),
]
MULTI_MENUS = [
    Case(
        menu_element(
            "multi_static_select",
            "Teas",
            option_groups=GROUPS,
            initial_options=options("Assam"),
        ),
        search_and_choose("Teas", "Sencha"),
        lambda _: {"selected_options": [selected_option("Assam"), selected_option("Sencha")]},
    ),
    Case(
        menu_element("multi_users_select", "Drinkers"),
        search_and_choose("Drinkers", "Grace Hopper", typed="hop"),
        lambda world: {"selected_users": [world.personas.grace.id]},
    ),
    Case(
        menu_element("multi_channels_select", "Rooms"),
        search_and_choose("Rooms", "#general"),
        lambda world: {"selected_channels": [general_channel(world).id]},
    ),
    Case(
        menu_element("multi_conversations_select", "Places"),
        search_and_choose("Places", "#general"),
        lambda world: {"selected_conversations": [general_channel(world).id]},
    ),
    Case(
        menu_element("multi_external_select", "Searches", min_query_length=1),
        search_and_choose("Searches", "Assam", typed="a"),
        lambda _: {"selected_options": [option("Assam")]},
    ),
]
PICKERS = [
    Case(
        menu_element("datepicker", "Day", initial_date="2026-03-01"),
        fill_in("2026-04-02"),
        lambda _: {"selected_date": "2026-04-02"},
    ),
    Case(
        menu_element("timepicker", "Hour", initial_time="17:00"),
        fill_in("16:30"),
        lambda _: {"selected_time": "16:30"},
    ),
    Case(
        {"type": "datetimepicker", "initial_date_time": MOMENT},
        fill_in("2014-02-18T16:00"),
        lambda _: {"selected_date_time": MOMENT + 21 * 60 - 42},
    ),
    Case(
        {"type": "radio_buttons", "options": options("One lump", "Two lumps")},
        lambda block: block.get_by_role("radio", name="Two lumps").check(),
        lambda _: {"selected_option": selected_option("Two lumps")},
    ),
    Case(
        {
            "type": "checkboxes",
            "options": options("Milk", "Lemon", "Honey"),
            "initial_options": options("Milk"),
        },
        lambda block: block.get_by_role("checkbox", name="Honey").check(),
        lambda _: {"selected_options": [selected_option("Milk"), selected_option("Honey")]},
    ),
]


@pytest.mark.parametrize(
    "cases", [SINGLE_MENUS, MULTI_MENUS, PICKERS], ids=["single", "multi", "pickers"]
)
async def test_each_choice_is_sent_to_the_app(
    open_page: OpenPage, world: World, gallery_app: GalleryApp, cases: list[Case]
) -> None:
    ada = await open_page(world.personas.ada)
    # Slack allows datetimepicker only in actions and inputs, not as an accessory.
    accessories = [one for one in cases if one.element["type"] != "datetimepicker"]
    await gallery_app.post_message(
        world.personas.ada,
        *(actions(one.element | {"action_id": "action"}) for one in cases),
        *(section("B", accessory=one.element | {"action_id": "accessory"}) for one in accessories),
    )
    blocks = ada.get_by_test_id("message").locator(".block")
    elements = [*((one, "action") for one in cases), *((one, "accessory") for one in accessories)]
    await expect(blocks).to_have_count(len(elements))

    for i, (case, name) in enumerate(elements):
        await case.use(blocks.nth(i))

        expected = {"type": case.element["type"], "action_id": name, **case.selected(world)}
        assert await gallery_app.next_action() == expected
    assert gallery_app.has_read_all_actions()
