"""Nobody is shut out: every main screen is held to WCAG 2.2 AA by axe-core, and works by keys."""

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


async def messages(window: Window) -> None:
    await expect(message_with_text(window, "T-1")).to_be_visible()


async def form(window: Window) -> None:
    await send_message(window, "/ticket ???")
    await submit_modal(window)
    await expect(window.locator(".invalid")).to_be_visible()


async def whisper(window: Window) -> None:
    await send_message(window, "/ticket help")
    await expect(window.get_by_test_id("whisper")).to_be_visible()


async def thread(window: Window) -> None:
    await message_with_text(window, "T-1").hover()
    await message_with_text(window, "T-1").get_by_role("link", name="Reply in thread").click()
    await expect(window.get_by_test_id("thread-composer")).to_be_focused()


async def menu(window: Window) -> None:
    await message_with_text(window, "T-1").hover()
    await message_with_text(window, "T-1").get_by_role("button", name="Add a reaction").click()
    await expect(window.get_by_role("menu")).to_be_visible()


async def email_window(window: Window) -> None:
    await window.evaluate("location.hash = '#inbox'")
    await window.get_by_test_id("letter").click()
    await expect(window.locator("iframe")).to_be_visible()


async def behind(window: Window) -> None:
    await window.evaluate("location.hash = '#/behind'")
    await window.get_by_role("tab", name="Documents").click()
    await window.get_by_test_id("behind").get_by_text("T-1", exact=True).click()
    await expect(window.locator("details[open] .json")).to_be_visible()


async def switches(window: Window) -> None:
    await window.evaluate("location.hash = '#/switches'")
    await window.get_by_role("switch", name="Gemini is slow").click()
    await expect(window.get_by_role("switch", name="Gemini is slow")).to_be_checked()


@pytest.mark.parametrize("size", [DESKTOP_SIZE, PHONE_SIZE], ids=["desktop", "phone"])
@pytest.mark.parametrize(
    "goes", [messages, form, whisper, thread, menu, email_window, behind, switches]
)
async def test_a_screen_shuts_nobody_out(
    open_page: OpenPage,
    world: World,
    goes: Callable[[Window], Awaitable[None]],
    size: tuple[int, int],
) -> None:
    await world.personas.ada.type_text("/ticket Outlook keeps asking for my password")
    await world.personas.ada.submit_modal()
    await world.personas.eve.wait_for_message("T-1")
    await world.mail.wait_until(lambda: world.mail.emails_to(world.personas.eve.email))
    eve = await open_page(world.personas.eve, size=size)

    await goes(eve)

    found = await Axe().run(eve, options=WCAG_RULES)
    assert not found.response["violations"], found.generate_report()
    wide = await eve.evaluate("document.documentElement.scrollWidth - innerWidth")
    assert wide <= 0, f"{wide} pixels stand out to the right"


async def test_everything_on_the_way_of_a_ticket_is_done_with_keys_alone(
    open_page: OpenPage, world: World
) -> None:
    ada = await open_page(world.personas.ada)
    keys = ada.keyboard
    composer = ada.get_by_test_id("composer")
    await reaches(ada, composer)
    await keys.type("/ti")
    await keys.press("ArrowDown")
    await keys.press("Enter")
    await keys.type("Outlook keeps asking for my password")
    await keys.press("Enter")

    title = ada.get_by_test_id("modal").get_by_label("Title")
    await expect(title).to_be_focused()
    await keys.press("End")
    await keys.type(" again")
    await reaches(ada, ada.get_by_test_id("modal-submit"))
    await keys.press("Enter")
    await expect(ada.get_by_role("heading", name="Ticket T-1")).to_be_visible()
    await keys.press("Escape")
    await expect(ada.get_by_test_id("modal")).to_have_count(0)
    await expect(composer).to_be_focused()

    await reaches(ada, ada.get_by_role("link", name="Eve Holt"))
    await keys.press("Enter")
    claim = message_with_text(ada, "Outlook keeps asking for my password again").get_by_role(
        "button", name="Claim"
    )
    await expect(claim).to_be_visible()
    await reaches(ada, claim)
    await keys.press("Enter")
    await expect(message_with_text(ada, "T-1")).to_contain_text("You have it.")
    await world.personas.ada.wait_for_message("Eve Holt is working on it")


async def test_the_focus_cannot_leave_a_form_that_is_open(
    open_page: OpenPage, world: World
) -> None:
    ada = await open_page(world.personas.ada)
    await send_message(ada, "/ticket VPN")
    await expect(ada.get_by_test_id("modal").get_by_label("Title")).to_be_focused()
    inside = (
        "document.activeElement === document.body || !!document.activeElement.closest('dialog')"
    )
    for _ in range(12):
        await ada.keyboard.press("Tab")
        assert await ada.evaluate(inside)
    await close_modal(ada)
    await expect(ada.get_by_test_id("composer")).to_be_focused()


async def reaches(window: Window, wanted: Locator, *, most: int = 60) -> None:
    """Press Tab until it has the focus."""
    for _ in range(most):
        if await wanted.evaluate("one => one === document.activeElement"):
            return
        await window.keyboard.press("Tab")
    raise AssertionError("the Tab key does not lead there")
