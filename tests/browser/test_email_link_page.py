"""The page behind a link in an e-mail: opened from the inbox, accessible, without scripts."""

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page as Window
from playwright.async_api import expect

from sandbox.browser.chromium import DESKTOP_SIZE, PHONE_SIZE
from sandbox.world.world import World
from tests.browser.conftest import OpenPage
from tests.browser.test_accessibility import WCAG_RULES, show_email


@pytest.mark.parametrize("size", [DESKTOP_SIZE, PHONE_SIZE], ids=["desktop", "phone"])
async def test_a_moderator_claims_from_an_email(
    open_page: OpenPage, world: World, size: tuple[int, int]
) -> None:
    await world.personas.ada.type_text("/ticket Outlook keeps asking for my password")
    await world.personas.ada.submit_modal()
    await world.mail.wait_until(lambda: world.mail.emails_to(world.personas.eve.email))
    eve = await open_page(world.personas.eve, size=size)
    await show_email(eve)

    async with eve.expect_popup() as opened:
        await eve.frame_locator("iframe").get_by_role("link", name="Claim").click()
    page = await opened.value
    urls: list[str] = []
    page.on("request", lambda request: urls.append(request.url))
    await page.set_viewport_size({"width": size[0], "height": size[1]})
    heading = page.get_by_role("heading", level=1)
    await expect(heading).to_have_text("T-1: Outlook keeps asking for my password")
    await check_accessibility(page)

    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Claim T-1")).to_be_focused()
    await page.keyboard.press("Enter")

    await expect(heading).to_have_text("You have T-1")
    await check_accessibility(page)
    assert await world.personas.ada.wait_for_message("Eve Holt is working on it")
    assert all(url.startswith(world.bot_url) for url in urls)


async def check_accessibility(page: Window) -> None:
    """Check WCAG 2.2 AA, and that the page is not too wide."""
    result = await Axe().run(page, options=WCAG_RULES)
    assert not result.response["violations"], result.generate_report()
    assert await page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
