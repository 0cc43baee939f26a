"""The page behind a link in a letter: opened from the inbox, fit for all, without a script."""

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page as Window
from playwright.async_api import expect

from sandbox.browser.chromium import DESKTOP_SIZE, PHONE_SIZE
from sandbox.world.world import World
from tests.browser.conftest import OpenPage
from tests.browser.test_accessibility import WCAG_RULES, email_window


@pytest.mark.parametrize("size", [DESKTOP_SIZE, PHONE_SIZE], ids=["desktop", "phone"])
async def test_eve_claims_from_her_inbox(
    open_page: OpenPage, world: World, size: tuple[int, int]
) -> None:
    await world.personas.ada.type_text("/ticket Outlook keeps asking for my password")
    await world.personas.ada.submit_modal()
    await world.mail.wait_until(lambda: world.mail.emails_to(world.personas.eve.email))
    eve = await open_page(world.personas.eve, size=size)
    await email_window(eve)

    async with eve.expect_popup() as opened:
        await eve.frame_locator("iframe").get_by_role("link", name="Claim").click()
    page = await opened.value
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    await page.set_viewport_size({"width": size[0], "height": size[1]})
    heading = page.get_by_role("heading", level=1)
    await expect(heading).to_have_text("T-1: Outlook keeps asking for my password")
    await shuts_nobody_out(page)

    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Claim T-1")).to_be_focused()
    await page.keyboard.press("Enter")

    await expect(heading).to_have_text("You have T-1")
    await shuts_nobody_out(page)
    assert await world.personas.ada.wait_for_message("Eve Holt is working on it")
    assert all(url.startswith(world.bot_url) for url in asked)


async def shuts_nobody_out(page: Window) -> None:
    """Hold the page to WCAG 2.2 AA; nothing stands out to the right."""
    found = await Axe().run(page, options=WCAG_RULES)
    assert not found.response["violations"], found.generate_report()
    assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
