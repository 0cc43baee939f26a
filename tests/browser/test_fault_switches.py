"""The fault switches in a real browser: nothing is lost."""

from playwright.async_api import expect

from sandbox.page import fault_switches
from sandbox.world.world import World
from tests.browser.conftest import OpenPage
from tests.browser.page_actions import close_modal, message_with_text, send_message, submit_modal


async def test_the_built_in_engine_triages_while_gemini_is_down(
    open_page: OpenPage, world: World
) -> None:
    ada, eve = (
        await open_page(world.personas.ada),
        await open_page(world.personas.eve, "#/switches"),
    )
    switch = eve.get_by_role("switch", name="Gemini is down")
    await switch.click()
    await expect(switch).to_be_checked()
    await expect(ada.get_by_label("1 on")).to_be_visible()

    await send_message(ada, "/ticket Outlook keeps asking for my password")
    await submit_modal(ada)
    await close_modal(ada)

    await message_with_text(eve, "T-1").get_by_role("button", name="Details").click()
    await expect(eve.get_by_test_id("modal")).to_contain_text("Engine: Built-in engine")


async def test_a_restarted_worker_runs_the_waiting_steps(open_page: OpenPage, world: World) -> None:
    ada = await open_page(world.personas.ada, "#/switches")
    kill = ada.locator("[data-switch=kill_worker]")
    await expect(kill).to_have_accessible_name("Run Kill the worker")
    await kill.click()
    await expect(kill).not_to_have_attribute("aria-busy", "true")
    assert not world.worker.is_alive

    await send_message(ada, "/ticket The printer jams")
    await submit_modal(ada)
    await close_modal(ada)
    await ada.goto(f"{ada.url.partition('#')[0]}#/inspector")
    await ada.get_by_role("tab", name="Processes").click()
    await expect(ada.get_by_text("worker is down")).to_be_visible()

    await expect(ada.get_by_text("worker is running")).to_be_visible(
        timeout=fault_switches.RESTART_DELAY_SECONDS * 1000 + 15_000
    )
    await expect(message_with_text(ada, "T-1")).to_contain_text(
        "Waiting for @Mo Tanaka", timeout=15_000
    )


async def test_a_stopped_mongodb_is_shown_and_comes_back(open_page: OpenPage, world: World) -> None:
    ada = await open_page(world.personas.ada, "#/switches")
    switch = ada.get_by_role("switch", name="MongoDB is down")
    await switch.click()
    await expect(switch).to_be_checked()

    await ada.get_by_role("link", name="Behind the scenes").click()
    await ada.get_by_role("tab", name="Documents").click()
    await expect(ada.get_by_text("MongoDB does not answer.")).to_be_visible()
    await ada.get_by_role("tab", name="Processes").click()
    await expect(ada.get_by_text(f"{world.servers.mongodb.name} is down")).to_be_visible()

    await ada.locator("#go-switches").click()
    await switch.click()
    await expect(switch).not_to_be_checked()
    await ada.get_by_role("link", name="Behind the scenes").click()
    await expect(ada.get_by_text(f"{world.servers.mongodb.name} is running")).to_be_visible()
