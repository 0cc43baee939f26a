"""Make things go wrong in a real browser, and see for oneself that nothing is lost."""

from playwright.async_api import expect

from sandbox.page import fault_switches
from sandbox.world.world import World
from tests.browser.conftest import OpenPage
from tests.browser.page_actions import close_modal, message_with_text, send_message, submit_modal


async def test_while_gemini_is_down_a_ticket_is_triaged_by_the_built_in_engine(
    open_page: OpenPage, world: World
) -> None:
    ada, eve = (
        await open_page(world.personas.ada),
        await open_page(world.personas.eve, "#/switches"),
    )
    down = eve.get_by_role("switch", name="Gemini is down")
    await down.click()
    await expect(down).to_be_checked()
    await expect(ada.get_by_label("1 on")).to_be_visible()

    await send_message(ada, "/ticket Outlook keeps asking for my password")
    await submit_modal(ada)
    await close_modal(ada)

    await message_with_text(eve, "T-1").get_by_role("button", name="Details").click()
    await expect(eve.get_by_test_id("modal")).to_contain_text("Engine: Built-in engine")


async def test_a_worker_that_is_killed_comes_back_and_does_what_waited(
    open_page: OpenPage, world: World
) -> None:
    ada = await open_page(world.personas.ada, "#/switches")
    kill = ada.locator("[data-switch=kill_worker]")
    await expect(kill).to_have_accessible_name("Do it Kill the worker")
    await kill.click()
    await expect(kill).not_to_have_attribute("aria-busy", "true")
    assert not world.worker.is_alive

    await send_message(ada, "/ticket The printer jams")
    await submit_modal(ada)
    await close_modal(ada)
    await ada.goto(f"{ada.url.partition('#')[0]}#/behind")
    await ada.get_by_role("tab", name="Processes").click()
    await expect(ada.get_by_text("worker is dead")).to_be_visible()

    await expect(ada.get_by_text("worker runs")).to_be_visible(
        timeout=fault_switches.RESTART_DELAY_SECONDS * 1000 + 15_000
    )
    await expect(message_with_text(ada, "T-1")).to_contain_text(
        "Waiting for @Mo Tanaka", timeout=15_000
    )
