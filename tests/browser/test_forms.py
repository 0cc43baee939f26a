"""Forms in a real browser: what is wrong is said where it was typed, and nothing typed is lost."""

from playwright.async_api import expect

from sandbox.world import World
from tests.browser.conftest import Opens
from tests.browser.hands import card, closes_modal, submits, types

SENTENCE = "Please say in a few words what it is about."


async def test_an_error_stands_under_its_field_and_what_was_typed_survives(
    opens: Opens, world: World
) -> None:
    ada = await opens(world.cast.ada)
    await types(ada, "/ticket ???")
    form = ada.get_by_test_id("modal")
    await form.get_by_label("Description").fill("It makes a noise like a coffee mill.")
    await form.get_by_label("Keep this confidential").check()
    await submits(ada)

    title = form.get_by_label("Title")
    await expect(title).to_have_accessible_description(SENTENCE)
    await expect(title).to_be_focused()
    await expect(form.get_by_label("Description")).to_have_value(
        "It makes a noise like a coffee mill."
    )
    await expect(form.get_by_label("Keep this confidential")).to_be_checked()

    await title.fill("My laptop is loud")
    await submits(ada)
    await expect(form.get_by_role("heading", name="Ticket T-1")).to_be_visible()
    [ticket] = await world.documents("tickets")
    assert (ticket["title"], ticket["confidential"]) == ("My laptop is loud", True)


async def test_an_admin_gives_a_role_and_skills_in_a_form(opens: Opens, world: World) -> None:
    grace = await opens(world.cast.grace)
    await types(grace, "/ticket admin")
    form = grace.get_by_test_id("modal")
    await form.get_by_label("Person").select_option("Ada Lovelace")
    await expect(form.get_by_label("Role")).to_have_value("0")
    await form.get_by_label("Role").select_option("Moderator")
    await form.get_by_role("combobox", name="Skills").fill("vp")
    await form.get_by_role("option", name="vpn").click()
    await submits(grace)

    await expect(form).to_contain_text("is now: moderator")
    await closes_modal(grace)
    [ada] = [m for m in await world.documents("members") if m["slack_id"] == world.cast.ada.id]
    assert (ada["role"], ada["skills"]) == ("moderator", ["vpn"])


async def test_what_only_one_person_may_read_says_so(opens: Opens, world: World) -> None:
    ada, bob = await opens(world.cast.ada), await opens(world.cast.bob)
    for window in (ada, bob):
        await window.get_by_role("link", name="general").click()

    await types(ada, "/ticket help")
    await types(ada, "Has anybody seen my mug?")

    whisper = ada.get_by_test_id("whisper")
    await expect(whisper).to_contain_text("Only visible to you")
    await expect(whisper).to_contain_text("What you can do")
    await expect(card(bob, "Has anybody seen my mug?")).to_be_visible()
    await expect(bob.get_by_test_id("whisper")).to_have_count(0)
