"""What a person's hands do on the page."""

from playwright.async_api import Page as Window
from playwright.async_api import expect


async def types(window: Window, text: str) -> None:
    """Write it in the open conversation, and send it."""
    composer = window.get_by_test_id("composer")
    await composer.fill(text)
    await composer.press("Enter")


async def submits(window: Window) -> None:
    """Press the button that sends the form on top."""
    await window.get_by_test_id("modal-submit").click()


async def closes_modal(window: Window) -> None:
    """Close the form on top."""
    await window.get_by_test_id("modal-close").click()
    await expect(window.get_by_test_id("modal")).to_have_count(0)
