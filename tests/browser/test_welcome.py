"""The welcome and the people switcher: who you are, what to try, and who has new messages."""

import pytest
from playwright.async_api import expect

from sandbox.browser.chromium import DESKTOP_SIZE, PHONE_SIZE
from sandbox.world.world import World
from tests.browser.conftest import OpenPage

both_sizes = pytest.mark.parametrize("size", [DESKTOP_SIZE, PHONE_SIZE], ids=["desktop", "phone"])


@both_sizes
async def test_the_first_screen_says_who_you_are_and_what_to_try(
    open_page: OpenPage, world: World, size: tuple[int, int]
) -> None:
    ada = await open_page(world.personas.ada, size=size)

    lines = ada.get_by_role("region", name="Welcome").locator("p")
    await expect(lines).to_have_count(3)
    await expect(lines.nth(0)).to_contain_text("You are Ada Lovelace, an employee.")
    await expect(lines.nth(1)).to_contain_text("/ticket my vpn is down")
    await expect(lines.nth(2)).to_contain_text("Bob, Eve, Mo (moderators) or Grace (admin)")
    await lines.nth(2).get_by_role("link", name="fault switches").click()
    await expect(ada.get_by_role("switch", name="Gemini is down")).to_be_visible()


async def test_a_dismissed_welcome_moves_to_the_empty_conversation(
    open_page: OpenPage, world: World
) -> None:
    ada = await open_page(world.personas.ada)
    welcome = ada.get_by_test_id("welcome")
    await expect(ada.get_by_role("log")).not_to_contain_text("You are Ada Lovelace")

    await ada.get_by_role("button", name="Dismiss the welcome").click()

    await expect(welcome).to_be_hidden()
    await expect(ada.get_by_test_id("composer")).to_be_focused()
    await expect(ada.get_by_role("log")).to_contain_text("You are Ada Lovelace, an employee.")
    await ada.get_by_role("log").get_by_role("link", name="Grace").click()
    await expect(ada.get_by_role("log")).to_contain_text("You are Grace Hopper, an admin.")
    await expect(welcome).to_be_hidden()


async def test_a_new_window_shows_the_welcome_again(open_page: OpenPage, world: World) -> None:
    ada = await open_page(world.personas.ada)
    await ada.get_by_role("button", name="Dismiss the welcome").click()

    again = await open_page(world.personas.ada)

    await expect(again.get_by_test_id("welcome")).to_be_visible()


async def test_the_people_switcher_shows_roles_and_new_messages(
    open_page: OpenPage, world: World
) -> None:
    ada = await open_page(world.personas.ada)
    people = ada.get_by_role("navigation", name="People")
    names = ["Ada Lovelace, Employee", "Bob Kahn, Moderator", "Eve Holt, Moderator"]
    for name in (*names, "Mo Tanaka, Moderator", "Grace Hopper, Admin"):
        await expect(people.get_by_role("link", name=name, exact=True)).to_be_visible()

    await world.personas.ada.type_text("/ticket my vpn is down")
    await world.personas.ada.submit_modal()
    await world.personas.ada.close_modal()
    await people.get_by_role("link", name="Bob Kahn, Moderator, 1 new message", exact=True).click()

    # Bob's own mark goes as soon as he is looked at; Ada was looked at all the time.
    await expect(ada).to_have_title("Frontdesk · Bob Kahn")
    await expect(people.get_by_role("link", name=names[1], exact=True)).to_be_visible()
    await expect(people.get_by_role("link", name=names[0], exact=True)).to_be_visible()


async def test_a_phone_counts_new_messages_of_other_people(
    open_page: OpenPage, world: World
) -> None:
    ada = await open_page(world.personas.ada, size=PHONE_SIZE)
    await world.personas.ada.type_text("/ticket my vpn is down")
    await world.personas.ada.submit_modal()
    await world.personas.ada.close_modal()

    name = "Channels and people, 1 new message for other people"
    await ada.get_by_role("button", name=name).click()

    bob = ada.get_by_role("link", name="Bob Kahn, Moderator, 1 new message")
    await expect(bob.get_by_text("Moderator")).to_be_visible()
