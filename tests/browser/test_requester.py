"""A requester in a real browser: `/ticket`, the form and the card."""

from playwright.async_api import expect

from sandbox.world.world import World
from tests.browser.conftest import OpenPage
from tests.browser.page_actions import close_modal, send_message, submit_modal


async def test_a_new_ticket_gets_a_card_that_names_the_moderator(
    open_page: OpenPage, world: World
) -> None:
    ada = await open_page(world.personas.ada)

    await send_message(ada, "/ticket Outlook keeps asking for my password")
    form = ada.get_by_test_id("modal")
    await expect(form.get_by_role("heading", name="New ticket")).to_be_visible()
    await expect(form.get_by_label("Title")).to_have_value("Outlook keeps asking for my password")
    await form.get_by_label("Description").fill("Since this morning, every five minutes.")
    await form.get_by_label("How urgent is it for you?").select_option(index=1)
    await submit_modal(ada)

    await expect(form.get_by_role("heading", name="Ticket T-1")).to_be_visible()
    await close_modal(ada)
    card = ada.get_by_test_id("message").filter(has_text="T-1")
    await expect(card).to_contain_text("Waiting for @Eve Holt")
    [ticket] = await world.find_documents("tickets")
    assert ticket["description"] == "Since this morning, every five minutes."
