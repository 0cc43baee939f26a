"""A real browser without a window: Debian's Chromium, or one that Playwright has installed.

`python -m sandbox.browser.chromium` tells whether there is one.
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
    "There is no Chromium here. Install it with one command: `sudo apt-get install chromium` "
    "(Debian, Ubuntu) or `.venv/bin/playwright install chromium` (anywhere)."
)
_PROGRAM_NAMES = ("chromium", "chromium-browser", "google-chrome")
# It has nobody to call: without these it looks for updates, and for Google, at every start.
_QUIET_ARGS = ("--disable-background-networking", "--disable-component-update", "--disable-sync")


@asynccontextmanager
async def launch_chromium() -> AsyncIterator[Browser]:
    """The browser, until the block ends.

    Raises:
        FileNotFoundError: there is none on this machine; says how to get one.
    """
    async with async_playwright() as playwright:
        # Chromium refuses to put root into its sandbox; all it sees is ours.
        args = [*_QUIET_ARGS, "--no-sandbox"] if os.geteuid() == 0 else _QUIET_ARGS
        program = _get_program(playwright.chromium.executable_path)
        browser = await playwright.chromium.launch(executable_path=program, args=args)
        try:
            yield browser
        finally:
            await browser.close()


async def open_window(browser: Browser, size: tuple[int, int] = DESKTOP_SIZE) -> Page:
    """A new window, as of a person who was never here before."""
    width, height = size
    context = await browser.new_context(
        viewport={"width": width, "height": height}, reduced_motion="reduce"
    )
    return await context.new_page()


def _get_program(installed: str) -> str:
    found = next(filter(None, map(shutil.which, _PROGRAM_NAMES)), None)
    if found is None and not Path(installed).exists():
        raise FileNotFoundError(NO_CHROMIUM_TEXT)
    return found or installed


async def _missing_browser_text() -> str | None:
    try:
        async with async_playwright() as playwright:
            _get_program(playwright.chromium.executable_path)
    except FileNotFoundError as missing:
        return str(missing)
    return None


if __name__ == "__main__":
    sys.exit(asyncio.run(_missing_browser_text()))
