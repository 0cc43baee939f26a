"""Actions of a person on the page."""

from playwright.async_api import Locator, expect
from playwright.async_api import Page as Window


async def send_message(window: Window, text: str) -> None:
    """Send a message in the open conversation."""
    composer = window.get_by_test_id("composer")
    await composer.fill(text)
    await composer.press("Enter")


async def submit_modal(window: Window) -> None:
    """Submit the top form."""
    await window.get_by_test_id("modal-submit").click()


async def close_modal(window: Window) -> None:
    """Close the top form."""
    await window.get_by_test_id("modal-close").click()
    await expect(window.get_by_test_id("modal")).to_have_count(0)


def message_with_text(window: Window, text: str) -> Locator:
    """The message with a text in the open conversation."""
    return window.get_by_test_id("message").filter(has_text=text)
