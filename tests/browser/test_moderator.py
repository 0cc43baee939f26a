"""A moderator in a real browser: card, claim, triage and e-mail."""

from playwright.async_api import expect

from sandbox.world.world import World
from tests.browser.conftest import OpenPage
from tests.browser.page_actions import message_with_text, send_message, submit_modal


async def test_a_claim_appears_in_other_windows_without_a_reload(
    open_page: OpenPage, world: World
) -> None:
    ada, eve = await open_page(world.personas.ada), await open_page(world.personas.eve)
    await send_message(ada, "/ticket Outlook keeps asking for my password")
    await submit_modal(ada)

    offered = message_with_text(eve, "T-1")
    await expect(offered).to_contain_text("Sent to you: knows password, outlook")
    await offered.get_by_role("button", name="Claim").click()

    await expect(offered).to_contain_text("You have it.")
    await expect(offered.get_by_role("button", name="Resolve", exact=True)).to_be_visible()
    await expect(message_with_text(ada, "T-1")).to_contain_text("Eve Holt is working on it")


async def test_the_triage_form_shows_priorities_like_the_card(
    open_page: OpenPage, world: World
) -> None:
    eve = await open_page(world.personas.eve)
    await world.personas.ada.type_text("/ticket Outlook keeps asking for my password")
    await world.personas.ada.submit_modal()

    await message_with_text(eve, "T-1").get_by_role("button", name="Edit triage").click()

    form = eve.get_by_test_id("modal")
    await form.get_by_label("Priority").select_option("🔴 urgent")
    await submit_modal(eve)
    await expect(message_with_text(eve, "T-1")).to_contain_text("🔴 urgent")


async def test_unread_messages_are_counted_until_they_are_read(
    open_page: OpenPage, world: World
) -> None:
    eve = await open_page(world.personas.eve, "#inbox")
    frontdesk = eve.get_by_role("link", name="Frontdesk")
    await expect(frontdesk).to_be_visible()
    await expect(frontdesk.get_by_label("1 unread")).to_have_count(0)

    await world.personas.ada.type_text("/ticket The calendar in Outlook is empty")
    await world.personas.ada.submit_modal()

    await expect(frontdesk.get_by_label("1 unread")).to_be_visible()
    await frontdesk.click()
    await expect(message_with_text(eve, "T-1")).to_be_visible()
    await expect(frontdesk.get_by_label("1 unread")).to_have_count(0)


async def test_the_inbox_shows_an_email_as_html_and_plain_text(
    open_page: OpenPage, world: World
) -> None:
    await world.personas.ada.type_text("/ticket <b>Outlook</b> & password")
    await world.personas.ada.submit_modal()
    eve = await open_page(world.personas.eve, "#inbox")

    await eve.get_by_test_id("email").click()

    html = eve.frame_locator("iframe")
    await expect(html.get_by_role("heading", name="T-1: <b>Outlook</b> & password")).to_be_visible()
    await eve.get_by_role("button", name="Plain text").click()
    await expect(eve.locator(".email pre")).to_contain_text("T-1: <b>Outlook</b> & password")
    assert not await eve.locator(".email b").count()
