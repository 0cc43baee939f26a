"""Accessibility: axe-core checks WCAG 2.2 AA, and the keyboard alone is enough."""

from collections.abc import Awaitable, Callable

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Locator, expect
from playwright.async_api import Page as Window

from sandbox.browser.chromium import DESKTOP_SIZE, PHONE_SIZE
from sandbox.world.world import World
from tests.browser.conftest import OpenPage
from tests.browser.page_actions import close_modal, message_with_text, send_message, submit_modal

# https://www.deque.com/axe/core-documentation/api-documentation/#axecore-tags
WCAG_RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}


async def show_messages(window: Window) -> None:
    await expect(message_with_text(window, "T-1")).to_be_visible()


async def show_people(window: Window) -> None:
    if await window.locator("#fold").is_visible():
        await window.locator("#fold").click()
    await expect(window.get_by_role("link", name="Ada Lovelace, Employee, ")).to_be_visible()


async def show_empty_conversation(window: Window) -> None:
    await window.get_by_test_id("welcome").get_by_role("link", name="Grace").click()
    await expect(window.get_by_test_id("welcome")).to_contain_text("You are Grace Hopper")
    await window.get_by_role("button", name="Dismiss the welcome").click()
    await expect(window.locator(".empty").get_by_text("You are Grace Hopper")).to_be_visible()


async def show_form(window: Window) -> None:
    await send_message(window, "/ticket ???")
    await submit_modal(window)
    await expect(window.locator(".invalid")).to_be_visible()


async def show_whisper(window: Window) -> None:
    await send_message(window, "/ticket help")
    await expect(window.get_by_test_id("whisper")).to_be_visible()


async def show_thread(window: Window) -> None:
    await message_with_text(window, "T-1").hover()
    await message_with_text(window, "T-1").get_by_role("link", name="Reply in thread").click()
    await expect(window.get_by_test_id("thread-composer")).to_be_focused()


async def show_menu(window: Window) -> None:
    await message_with_text(window, "T-1").hover()
    await message_with_text(window, "T-1").get_by_role("button", name="Add a reaction").click()
    await expect(window.get_by_role("menu")).to_be_visible()


async def show_email(window: Window) -> None:
    await window.evaluate("location.hash = '#inbox'")
    await window.get_by_test_id("email").click()
    await expect(window.locator("iframe")).to_be_visible()


async def show_inspector(window: Window) -> None:
    await window.evaluate("location.hash = '#/inspector'")
    await window.get_by_role("tab", name="Documents").click()
    await window.get_by_test_id("inspector").get_by_text("T-1", exact=True).click()
    await expect(window.locator("details[open] .json")).to_be_visible()


async def show_switches(window: Window) -> None:
    await window.evaluate("location.hash = '#/switches'")
    await window.get_by_role("switch", name="Gemini is slow").click()
    await expect(window.get_by_role("switch", name="Gemini is slow")).to_be_checked()


@pytest.mark.parametrize("size", [DESKTOP_SIZE, PHONE_SIZE], ids=["desktop", "phone"])
@pytest.mark.parametrize(
    "show",
    [
        show_messages,
        show_people,
        show_empty_conversation,
        show_form,
        show_whisper,
        show_thread,
        show_menu,
        show_email,
        show_inspector,
        show_switches,
    ],
)
async def test_a_screen_has_no_accessibility_violations(
    open_page: OpenPage,
    world: World,
    show: Callable[[Window], Awaitable[None]],
    size: tuple[int, int],
) -> None:
    await world.personas.ada.type_text("/ticket Outlook keeps asking for my password")
    await world.personas.ada.submit_modal()
    await world.personas.eve.wait_for_message("T-1")
    await world.mail.wait_until(lambda: world.mail.emails_to(world.personas.eve.email))
    eve = await open_page(world.personas.eve, size=size)

    await show(eve)

    result = await Axe().run(eve, options=WCAG_RULES)
    assert not result.response["violations"], result.generate_report()
    overflow = await eve.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert overflow <= 0, f"the page is {overflow} pixels too wide"


async def test_a_ticket_needs_no_mouse(open_page: OpenPage, world: World) -> None:
    ada = await open_page(world.personas.ada)
    keys = ada.keyboard
    composer = ada.get_by_test_id("composer")
    await press_tab_until_focused(ada, composer)
    await keys.type("/ti")
    await keys.press("ArrowDown")
    await keys.press("Enter")
    await keys.type("Outlook keeps asking for my password")
    await keys.press("Enter")

    title = ada.get_by_test_id("modal").get_by_label("Title")
    await expect(title).to_be_focused()
    await keys.press("End")
    await keys.type(" again")
    await press_tab_until_focused(ada, ada.get_by_test_id("modal-submit"))
    await keys.press("Enter")
    await expect(ada.get_by_role("heading", name="Ticket T-1")).to_be_visible()
    await keys.press("Escape")
    await expect(ada.get_by_test_id("modal")).to_have_count(0)
    await expect(composer).to_be_focused()

    await press_tab_until_focused(ada, ada.get_by_role("link", name="Eve Holt"))
    await keys.press("Enter")
    claim = message_with_text(ada, "Outlook keeps asking for my password again").get_by_role(
        "button", name="Claim"
    )
    await expect(claim).to_be_visible()
    await press_tab_until_focused(ada, claim)
    await keys.press("Enter")
    await expect(message_with_text(ada, "T-1")).to_contain_text("You have it.")
    await world.personas.ada.wait_for_message("Eve Holt is working on it")


async def test_the_focus_stays_in_an_open_form(open_page: OpenPage, world: World) -> None:
    ada = await open_page(world.personas.ada)
    await send_message(ada, "/ticket VPN")
    await expect(ada.get_by_test_id("modal").get_by_label("Title")).to_be_focused()
    is_inside = (
        "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
    )
    for _ in range(12):
        await ada.keyboard.press("Tab")
        assert await ada.evaluate(is_inside)
    await close_modal(ada)
    await expect(ada.get_by_test_id("composer")).to_be_focused()


async def press_tab_until_focused(
    window: Window, element: Locator, *, max_presses: int = 60
) -> None:
    """Press Tab until an element has the focus."""
    for _ in range(max_presses):
        if await element.evaluate("one => one === document.activeElement"):
            return
        await window.keyboard.press("Tab")
    raise AssertionError("the Tab key does not reach the element")
