"""What a person's hands do on the page."""

from playwright.async_api import Locator, expect
from playwright.async_api import Page as Window


async def send_message(window: Window, text: str) -> None:
    """Write it in the open conversation, and send it."""
    composer = window.get_by_test_id("composer")
    await composer.fill(text)
    await composer.press("Enter")


async def submit_modal(window: Window) -> None:
    """Press the button that sends the form on top."""
    await window.get_by_test_id("modal-submit").click()


async def close_modal(window: Window) -> None:
    """Close the form on top."""
    await window.get_by_test_id("modal-close").click()
    await expect(window.get_by_test_id("modal")).to_have_count(0)


def message_with_text(window: Window, text: str) -> Locator:
    """The message in the open conversation that has this text."""
    return window.get_by_test_id("message").filter(has_text=text)
