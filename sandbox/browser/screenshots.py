"""Takes the pictures of the README: one ticket's way, as each person has it before them.

`python -m sandbox.browser.screenshots [FOLDER]` writes PNG files, for a desktop and for a phone.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser
from playwright.async_api import Page as Window

from sandbox.browser.chromium import DESKTOP_SIZE, PHONE_SIZE, launch_chromium, open_window
from sandbox.cli.demo import seed_workspace
from sandbox.page.page_server import PageServer
from sandbox.slack.actors.person import Person
from sandbox.world.frontdesk_labels import CardButton
from sandbox.world.world import PROJECT_FOLDER, World

DEFAULT_FOLDER = PROJECT_FOLDER / "docs" / "pictures"
_SIZES = {"desktop": DESKTOP_SIZE, "phone": PHONE_SIZE}
_TITLE = "Outlook keeps asking for my password"
_DESCRIPTION = "Every five minutes, since this morning. I changed my password on Friday."


@dataclass(frozen=True, slots=True)
class Screenshot:
    """Whose screen it is, where they are, and what is to be seen on it."""

    name: str
    person: Person
    url_fragment: str
    wait_selector: str
    prepare: Callable[[Window], Awaitable[None]] | None = None


async def take_screenshots(folder: Path) -> None:
    """Play one ticket's way, and write the pictures; Playwright makes the folder."""
    async with World() as world, PageServer(world) as page, launch_chromium() as browser:
        await seed_workspace(world)
        for before, pictures in _steps_with_screenshots(world):
            await before()
            for picture in pictures:
                await _take_screenshot(browser, page, picture, folder)


def _steps_with_screenshots(
    world: World,
) -> list[tuple[Callable[[], Awaitable[None]], list[Screenshot]]]:
    """What happens, and the pictures to be taken after it."""
    cast = world.personas
    card = "[data-testid=message] >> text=T-1"
    return [
        (
            lambda: _fill_form(world),
            [Screenshot("1-form", cast.ada, "", "[data-testid=modal]")],
        ),
        (
            lambda: _submit_form(world),
            [
                Screenshot("2-card", cast.ada, "", card),
                Screenshot("3-offer", cast.eve, "", "text=Sent to you"),
                Screenshot("4-letter", cast.eve, "#inbox", "iframe", _open_email),
            ],
        ),
        (
            lambda: _claim_ticket(world),
            [
                Screenshot("5-claimed", cast.ada, "", "text=Eve Holt is working on it"),
                Screenshot("6-behind", cast.eve, "#/behind", "text=chat.postMessage"),
            ],
        ),
        (
            lambda: _open_member_form(world),
            [
                Screenshot("7-people", cast.grace, "", "[data-testid=modal] >> text=Skills"),
                Screenshot("8-switches", cast.bob, "#/switches", "[role=switch]", _break_gemini),
            ],
        ),
    ]


async def _take_screenshot(
    browser: Browser, page: PageServer, picture: Screenshot, folder: Path
) -> None:
    for kind, size in _SIZES.items():
        opened = await open_window(browser, size)
        await opened.goto(f"{page.url}?as={picture.person.id}{picture.url_fragment}")
        if picture.prepare:
            await picture.prepare(opened)
        await opened.locator(picture.wait_selector).first.wait_for()
        path = folder / f"{picture.name}-{kind}.png"
        await opened.screenshot(path=path)
        print(f"{path}  {path.stat().st_size // 1024} KB")
        await opened.context.close()


async def _fill_form(world: World) -> None:
    await world.personas.ada.type_text(f"/ticket {_TITLE}")
    await world.personas.ada.fill("Description", _DESCRIPTION)


async def _submit_form(world: World) -> None:
    ada, eve = world.personas.ada, world.personas.eve
    await ada.submit_modal()
    await ada.close_modal()
    await eve.wait_for_message(_TITLE)
    await ada.wait_for_message("Waiting for")
    await world.mail.wait_until(lambda: world.mail.emails_to(eve.email))


async def _claim_ticket(world: World) -> None:
    eve = world.personas.eve
    await eve.click(await eve.wait_for_message(_TITLE), CardButton.CLAIM)
    await world.personas.ada.wait_for_message("Eve Holt is working on it")


async def _open_member_form(world: World) -> None:
    await world.personas.grace.type_text("/ticket admin")


async def _open_email(opened: Window) -> None:
    await opened.get_by_test_id("letter").click()


async def _break_gemini(opened: Window) -> None:
    down = opened.get_by_role("switch", name="Gemini is down")
    if await down.get_attribute("aria-checked") == "false":
        await down.click()
    await opened.locator("[aria-checked=true]").wait_for()


if __name__ == "__main__":
    asyncio.run(take_screenshots(Path(sys.argv[1]) if sys.argv[1:] else DEFAULT_FOLDER))
