"""Forms in a real browser: errors are shown at their field, and values are kept."""

from playwright.async_api import expect

from sandbox.world.world import World
from tests.browser.conftest import OpenPage
from tests.browser.page_actions import close_modal, message_with_text, send_message, submit_modal

TITLE_ERROR = "Please say in a few words what it is about."


async def test_an_error_is_shown_at_its_field_and_values_are_kept(
    open_page: OpenPage, world: World
) -> None:
    ada = await open_page(world.personas.ada)
    await send_message(ada, "/ticket ???")
    form = ada.get_by_test_id("modal")
    await form.get_by_label("Description").fill("It makes a noise like a coffee mill.")
    await form.get_by_label("Only you and the people who handle it").check()
    await submit_modal(ada)

    title = form.get_by_label("Title")
    await expect(title).to_have_accessible_description(TITLE_ERROR)
    await expect(title).to_be_focused()
    await expect(form.get_by_label("Description")).to_have_value(
        "It makes a noise like a coffee mill."
    )
    await expect(form.get_by_label("Only you and the people who handle it")).to_be_checked()

    await title.fill("My laptop is loud")
    await submit_modal(ada)
    await expect(form.get_by_role("heading", name="Ticket T-1")).to_be_visible()
    [ticket] = await world.find_documents("tickets")
    assert (ticket["title"], ticket["confidential"]) == ("My laptop is loud", True)


async def test_an_admin_sets_role_and_skills(open_page: OpenPage, world: World) -> None:
    grace = await open_page(world.personas.grace)
    await send_message(grace, "/ticket admin")
    form = grace.get_by_test_id("modal")
    await form.get_by_role("button", name="Members").click()
    await form.get_by_label("Person").select_option("Ada Lovelace")
    await expect(form.get_by_label("Role")).to_have_value("0")
    await form.get_by_label("Role").select_option("Moderator")
    await form.get_by_role("combobox", name="Skills").fill("vp")
    await form.get_by_role("option", name="vpn").click()
    await submit_modal(grace)

    await expect(form).to_contain_text("Role: moderator")
    await close_modal(grace)
    [ada] = [
        m for m in await world.find_documents("members") if m["slack_id"] == world.personas.ada.id
    ]
    assert (ada["role"], ada["skills"]) == ("moderator", ["vpn"])


async def test_a_private_answer_is_marked_and_only_for_one_person(
    open_page: OpenPage, world: World
) -> None:
    ada, bob = await open_page(world.personas.ada), await open_page(world.personas.bob)
    for window in (ada, bob):
        await window.get_by_role("link", name="general").click()

    await send_message(ada, "/ticket help")
    await send_message(ada, "Has anybody seen my mug?")

    whisper = ada.get_by_test_id("whisper")
    await expect(whisper).to_contain_text("Only visible to you")
    await expect(whisper).to_contain_text("What you can do")
    await expect(message_with_text(bob, "Has anybody seen my mug?")).to_be_visible()
    await expect(bob.get_by_test_id("whisper")).to_have_count(0)
