"""Fixtures: running Frontdesk, the page's server and a real browser."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from playwright.async_api import Browser, expect
from playwright.async_api import Page as Window

from sandbox.browser.chromium import DESKTOP_SIZE, launch_chromium, open_window
from sandbox.cli.demo import seed_workspace
from sandbox.page.page_server import PageServer
from sandbox.services.database_servers import DatabaseServers
from sandbox.slack.actors.person import Person
from sandbox.world.world import World

OpenPage = Callable[..., Awaitable[Window]]

# Long enough for a busy machine; a missing element fails after this time.
expect.set_options(timeout=10_000)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium, started once per session."""
    async with launch_chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
async def running_world(servers: DatabaseServers) -> AsyncIterator[World]:
    """Running Frontdesk, started once per session."""
    async with World(servers=servers) as world:
        world.slack.has_rate_limits = False
        yield world


@pytest.fixture
async def world(running_world: World) -> AsyncIterator[World]:
    """Frontdesk as after `make demo`, without tickets; faults end after the test."""
    await running_world.reset()
    await seed_workspace(running_world)
    yield running_world
    running_world.slack.faults.clear()
    running_world.gemini.recover()
    running_world.mail.clear_faults()
    for process in (running_world.bot, running_world.worker):
        if not process.is_alive:
            await process.start()


@pytest.fixture
async def page_server(world: World) -> AsyncIterator[PageServer]:
    async with PageServer(world) as page:
        yield page


@pytest.fixture
async def open_page(browser: Browser, page_server: PageServer) -> AsyncIterator[OpenPage]:
    """`await open_page(person)` opens the person's window; console errors fail the test."""
    errors: list[str] = []
    windows: list[Window] = []

    async def open_for(
        person: Person, place: str = "", *, size: tuple[int, int] = DESKTOP_SIZE
    ) -> Window:
        window = await open_window(browser, size)
        windows.append(window)
        window.on("pageerror", lambda error: errors.append(str(error)))
        window.on(
            "console", lambda line: errors.append(line.text) if line.type == "error" else None
        )
        await window.goto(f"{page_server.url}?as={person.id}{place}")
        await expect(window.get_by_role("heading", level=1)).to_be_visible()
        return window

    yield open_for
    for window in windows:
        await window.context.close()
    assert not errors
