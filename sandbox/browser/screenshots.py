"""Takes the pictures of the README: one ticket from the form to the settings, for each person.

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
from sandbox.slack.actors.rendered import Modal
from sandbox.world.frontdesk_labels import CardButton, MemberForm, SettingsMenu
from sandbox.world.world import PROJECT_FOLDER, World

DEFAULT_FOLDER = PROJECT_FOLDER / "docs" / "pictures"
_SIZES = {"desktop": DESKTOP_SIZE, "phone": PHONE_SIZE}
_TITLE = "Outlook keeps asking for my password"
_DESCRIPTION = "Every five minutes, since this morning. I changed my password on Friday."
# The button in *Settings* that opens the form to change a member.
_WAIT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Screenshot:
    """A picture of one person's screen.

    Attributes:
        name: the file name without size and suffix.
        person: the person whose screen it is.
        url_fragment: the open place and panel.
        wait_selector: an element that must be visible first.
        prepare: prepares the page, for example with a click.
    """

    name: str
    person: Person
    url_fragment: str
    wait_selector: str
    prepare: Callable[[Window], Awaitable[None]] | None = None


async def take_screenshots(folder: Path) -> None:
    """Run one ticket and write the pictures; Playwright creates the folder."""
    async with World() as world, PageServer(world) as page, launch_chromium() as browser:
        await seed_workspace(world)
        for run_step, screenshots in _steps_with_screenshots(world):
            await run_step()
            for screenshot in screenshots:
                await _take_screenshot(browser, page, screenshot, folder)


def _steps_with_screenshots(
    world: World,
) -> list[tuple[Callable[[], Awaitable[None]], list[Screenshot]]]:
    """The steps of the ticket, each with the pictures to take after it."""
    people = world.personas
    card = "[data-testid=message] >> text=T-1"
    claim_button = f"[data-testid=message] >> role=button[name='{CardButton.CLAIM}']"
    members_button = f"[data-testid=modal] >> text={SettingsMenu.MEMBERS}"
    return [
        (
            lambda: _fill_form(world),
            [Screenshot("1-form", people.ada, "", "[data-testid=modal]")],
        ),
        (
            lambda: _submit_form(world),
            [
                Screenshot("2-card", people.ada, "", card),
                Screenshot("3-offer", people.eve, "", claim_button),
                Screenshot("4-email", people.eve, "#inbox", "iframe", _open_email),
            ],
        ),
        (
            lambda: _claim_ticket(world),
            [
                Screenshot("5-claimed", people.ada, "", card),
                Screenshot("6-behind", people.eve, "#/inspector", "text=chat.postMessage"),
            ],
        ),
        (
            lambda: _open_settings(world),
            [
                Screenshot("7-settings", people.grace, "", members_button),
                Screenshot("8-switches", people.bob, "#/switches", "[role=switch]", _break_gemini),
            ],
        ),
    ]


async def _take_screenshot(
    browser: Browser, page: PageServer, screenshot: Screenshot, folder: Path
) -> None:
    for kind, size in _SIZES.items():
        window = await open_window(browser, size)
        await window.goto(f"{page.url}?as={screenshot.person.id}{screenshot.url_fragment}")
        await _dismiss_welcome(window)
        if screenshot.prepare:
            await screenshot.prepare(window)
        await window.locator(screenshot.wait_selector).first.wait_for()
        path = folder / f"{screenshot.name}-{kind}.png"
        await window.screenshot(path=path)
        print(f"{path}  {path.stat().st_size // 1024} KB")
        await window.context.close()


async def _dismiss_welcome(window: Window) -> None:
    """Close the welcome; the page keeps this for the window."""
    await window.evaluate("sessionStorage.setItem('welcome dismissed', 'yes')")
    await window.reload()


async def _fill_form(world: World) -> None:
    await world.personas.ada.type_text(f"/ticket {_TITLE}")
    await world.personas.ada.fill("Description", _DESCRIPTION)


async def _submit_form(world: World) -> None:
    ada, eve = world.personas.ada, world.personas.eve
    await ada.submit_modal()
    await ada.close_modal()
    await eve.wait_for_message(_TITLE)
    # Ada's card names the moderator as soon as the ticket is offered.
    await ada.wait_for_message(eve.real_name)
    await world.mail.wait_until(lambda: world.mail.emails_to(eve.email))


async def _claim_ticket(world: World) -> None:
    ada, eve = world.personas.ada, world.personas.eve
    before = ada.messages[0].visible_text
    await eve.click(await eve.wait_for_message(_TITLE), CardButton.CLAIM)
    await world.slack.wait_until(
        lambda: ada.messages[0].visible_text != before,
        timeout_seconds=_WAIT_SECONDS,
        waiting_for="a change on Ada's card",
    )


async def _open_settings(world: World) -> None:
    grace = world.personas.grace
    await grace.type_text("/ticket admin")
    await world.slack.wait_until(lambda: _loaded_modal(grace), waiting_for="the settings")


def _loaded_modal(person: Person) -> Modal | None:
    modal = person.modal
    return modal if modal and MemberForm.LOADING not in modal.visible_text else None


async def _open_email(window: Window) -> None:
    await window.get_by_test_id("email").click()


async def _break_gemini(window: Window) -> None:
    switch = window.get_by_role("switch", name="Gemini is down")
    if await switch.get_attribute("aria-checked") == "false":
        await switch.click()
    await window.locator("[aria-checked=true]").wait_for()


if __name__ == "__main__":
    asyncio.run(take_screenshots(Path(sys.argv[1]) if sys.argv[1:] else DEFAULT_FOLDER))
