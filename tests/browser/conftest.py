"""A running desk, the page before it, and a real browser."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from playwright.async_api import Browser, expect
from playwright.async_api import Page as Window

from sandbox.browser import DESKTOP, chromium, window
from sandbox.demo import furnish
from sandbox.page.server import Page
from sandbox.servers import Servers
from sandbox.slack.person import Person
from sandbox.world import World

Opens = Callable[..., Awaitable[Window]]

# A loaded machine may be slow; what never comes is missed after this.
expect.set_options(timeout=10_000)


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium, started once."""
    async with chromium() as browser:
        yield browser


@pytest.fixture(scope="session")
async def desk(servers: Servers) -> AsyncIterator[World]:
    """The desk as `make demo` has it: three moderators hired, three channels."""
    async with World(servers=servers) as world:
        world.slack.rate_limits = False
        yield world


@pytest.fixture
async def world(desk: World) -> AsyncIterator[World]:
    """The desk with no ticket in it yet; what a test has broken works again after it."""
    await desk.forget()
    await furnish(desk)
    yield desk
    desk.slack.faults.clear()
    desk.gemini.recovers()
    desk.mail.recovers()
    if not desk.worker.alive:
        await desk.worker.start()


@pytest.fixture
async def page(world: World) -> AsyncIterator[Page]:
    """The page's server."""
    async with Page(world) as page:
        yield page


@pytest.fixture
async def opens(browser: Browser, page: Page) -> AsyncIterator[Opens]:
    """`await opens(person)`: a window in which they sit; it must show no error of its own."""
    wrong: list[str] = []
    windows: list[Window] = []

    async def opens(person: Person, place: str = "", *, size: tuple[int, int] = DESKTOP) -> Window:
        opened = await window(browser, size)
        windows.append(opened)
        opened.on("pageerror", lambda error: wrong.append(str(error)))
        opened.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        await opened.goto(f"{page.url}?as={person.id}{place}")
        await expect(opened.get_by_role("heading", level=1)).to_be_visible()
        return opened

    yield opens
    for opened in windows:
        await opened.context.close()
    assert not wrong
