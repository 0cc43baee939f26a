"""A running desk, the page before it, and a real browser."""

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

# A loaded machine may be slow; what never comes is missed after this.
expect.set_options(timeout=10_000)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium, started once."""
    async with launch_chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
async def running_world(servers: DatabaseServers) -> AsyncIterator[World]:
    """The desk as `make demo` has it: three moderators hired, three channels."""
    async with World(servers=servers) as world:
        world.slack.has_rate_limits = False
        yield world


@pytest.fixture
async def world(running_world: World) -> AsyncIterator[World]:
    """The desk with no ticket in it yet; what a test has broken works again after it."""
    await running_world.reset()
    await seed_workspace(running_world)
    yield running_world
    running_world.slack.faults.clear()
    running_world.gemini.recover()
    running_world.mail.clear_faults()
    if not running_world.worker.is_alive:
        await running_world.worker.start()


@pytest.fixture
async def page_server(world: World) -> AsyncIterator[PageServer]:
    """The page's server."""
    async with PageServer(world) as page:
        yield page


@pytest.fixture
async def open_page(browser: Browser, page_server: PageServer) -> AsyncIterator[OpenPage]:
    """`await opens(person)`: a window in which they sit; it must show no error of its own."""
    wrong: list[str] = []
    windows: list[Window] = []

    async def opens(
        person: Person, place: str = "", *, size: tuple[int, int] = DESKTOP_SIZE
    ) -> Window:
        opened = await open_window(browser, size)
        windows.append(opened)
        opened.on("pageerror", lambda error: wrong.append(str(error)))
        opened.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        await opened.goto(f"{page_server.url}?as={person.id}{place}")
        await expect(opened.get_by_role("heading", level=1)).to_be_visible()
        return opened

    yield opens
    for opened in windows:
        await opened.context.close()
    assert not wrong
