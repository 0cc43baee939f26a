"""Takes the pictures of the README: one ticket's way, as each person has it before them.

`python -m sandbox.screenshots [FOLDER]` writes PNG files, for a desktop and for a phone.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser
from playwright.async_api import Page as Window

from sandbox.browser import DESKTOP, PHONE, chromium, window
from sandbox.demo import furnish
from sandbox.labels import Button
from sandbox.page.server import Page
from sandbox.slack.person import Person
from sandbox.world import PROJECT, World

FOLDER = PROJECT / "docs" / "pictures"
_SIZES = {"desktop": DESKTOP, "phone": PHONE}
_TITLE = "Outlook keeps asking for my password"
_DESCRIPTION = "Every five minutes, since this morning. I changed my password on Friday."


@dataclass(frozen=True, slots=True)
class Picture:
    """Whose screen it is, where they are, and what is to be seen on it."""

    name: str
    person: Person
    place: str
    awaits: str
    act: Callable[[Window], Awaitable[None]] | None = None


async def take(folder: Path) -> None:
    """Play one ticket's way, and write the pictures; Playwright makes the folder."""
    async with World() as world, Page(world) as page, chromium() as browser:
        await furnish(world)
        for before, pictures in _ways(world):
            await before()
            for picture in pictures:
                await _shoot(browser, page, picture, folder)


def _ways(world: World) -> list[tuple[Callable[[], Awaitable[None]], list[Picture]]]:
    """What happens, and the pictures to be taken after it."""
    cast = world.cast
    card = "[data-testid=message] >> text=T-1"
    return [
        (
            lambda: _fills_in(world),
            [Picture("1-form", cast.ada, "", "[data-testid=modal]")],
        ),
        (
            lambda: _sends(world),
            [
                Picture("2-card", cast.ada, "", card),
                Picture("3-offer", cast.eve, "", "text=Why you"),
                Picture("4-letter", cast.eve, "#inbox", "iframe", _opens_letter),
            ],
        ),
        (
            lambda: _claims(world),
            [
                Picture("5-claimed", cast.ada, "", "text=Eve Holt has it"),
                Picture("6-behind", cast.eve, "#/behind", "text=chat.postMessage"),
            ],
        ),
        (
            lambda: _asks_for_team(world),
            [
                Picture("7-people", cast.grace, "", "[data-testid=modal] >> text=Skills"),
                Picture("8-switches", cast.bob, "#/switches", "[role=switch]", _breaks),
            ],
        ),
    ]


async def _shoot(browser: Browser, page: Page, picture: Picture, folder: Path) -> None:
    for kind, size in _SIZES.items():
        opened = await window(browser, size)
        await opened.goto(f"{page.url}?as={picture.person.id}{picture.place}")
        if picture.act:
            await picture.act(opened)
        await opened.locator(picture.awaits).first.wait_for()
        path = folder / f"{picture.name}-{kind}.png"
        await opened.screenshot(path=path)
        print(f"{path}  {path.stat().st_size // 1024} KB")
        await opened.context.close()


async def _fills_in(world: World) -> None:
    await world.cast.ada.types(f"/ticket {_TITLE}")
    await world.cast.ada.fills("Description", _DESCRIPTION)


async def _sends(world: World) -> None:
    ada, eve = world.cast.ada, world.cast.eve
    await ada.submits()
    await ada.closes()
    await eve.gets_message(_TITLE)
    await ada.gets_message("Offered to")
    await world.mail.until(lambda: world.mail.letters_to(eve.email))


async def _claims(world: World) -> None:
    eve = world.cast.eve
    await eve.clicks(await eve.gets_message(_TITLE), Button.CLAIM)
    await world.cast.ada.gets_message("Eve Holt has it")


async def _asks_for_team(world: World) -> None:
    await world.cast.grace.types("/ticket admin")


async def _opens_letter(opened: Window) -> None:
    await opened.get_by_test_id("letter").click()


async def _breaks(opened: Window) -> None:
    down = opened.get_by_role("switch", name="Gemini is down")
    if await down.get_attribute("aria-checked") == "false":
        await down.click()
    await opened.locator("[aria-checked=true]").wait_for()


if __name__ == "__main__":
    asyncio.run(take(Path(sys.argv[1]) if sys.argv[1:] else FOLDER))
