"""Headless Chromium: the system's own, or the one that Playwright installed.

`python -m sandbox.browser.chromium` checks whether Chromium is installed.
"""

import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright

DESKTOP_SIZE = (1280, 800)
PHONE_SIZE = (390, 844)
NO_CHROMIUM_TEXT = (
    "Chromium is not installed. Install it with one command: `sudo apt-get install chromium` "
    "(Debian, Ubuntu) or `.venv/bin/playwright install chromium` (anywhere)."
)
_PROGRAM_NAMES = ("chromium", "chromium-browser", "google-chrome")
# Without these options Chromium looks for updates and calls Google at every start.
_QUIET_ARGS = ("--disable-background-networking", "--disable-component-update", "--disable-sync")


@asynccontextmanager
async def launch_chromium() -> AsyncIterator[Browser]:
    """Run Chromium until the block ends.

    Raises:
        FileNotFoundError: Chromium is not installed; the message says how to install it.
    """
    async with async_playwright() as playwright:
        # Chromium refuses its own sandbox for root. It only opens our pages here.
        args = [*_QUIET_ARGS, "--no-sandbox"] if os.geteuid() == 0 else _QUIET_ARGS
        program = _get_program(playwright.chromium.executable_path)
        browser = await playwright.chromium.launch(executable_path=program, args=args)
        try:
            yield browser
        finally:
            await browser.close()


async def open_window(browser: Browser, size: tuple[int, int] = DESKTOP_SIZE) -> Page:
    """Open a window with an empty profile."""
    width, height = size
    context = await browser.new_context(
        viewport={"width": width, "height": height}, reduced_motion="reduce"
    )
    return await context.new_page()


def _get_program(installed: str) -> str:
    system_program = next(filter(None, map(shutil.which, _PROGRAM_NAMES)), None)
    if system_program is None and not Path(installed).exists():
        raise FileNotFoundError(NO_CHROMIUM_TEXT)
    return system_program or installed


async def _missing_browser_text() -> str | None:
    try:
        async with async_playwright() as playwright:
            _get_program(playwright.chromium.executable_path)
    except FileNotFoundError as error:
        return str(error)
    return None


if __name__ == "__main__":
    sys.exit(asyncio.run(_missing_browser_text()))
