"""One ticket, all the way: from `/ticket` to the claimed card, the letter and the resolution."""

from sandbox.world.personas import Personas
from sandbox.world.world import World
from tests.stories.user_actions import open_ticket, receipt_ticket_id


async def test_the_form_opens_filled_in_and_answers_with_the_number(
    world: World, personas: Personas
) -> None:
    await personas.ada.type_text("/ticket my vpn is down")
    form = personas.ada.modal

    assert form
    assert form.values["Title"] == "my vpn is down"
    await personas.ada.submit_modal()

    assert receipt_ticket_id(personas.ada) == "T-1"
    assert personas.ada.modal
    assert "offered to somebody who knows" in personas.ada.modal.visible_text


async def test_the_assignee_gets_card_and_letter_with_the_same_facts(
    world: World, personas: Personas
) -> None:
    world.gemini.respond_with_json(
        {
            "category": "Network",
            "priority": "high",
            "skills": ["vpn", "okta"],
            "summary": "VPN rejects the Okta code",
            "notes": "Ask whether the token was renewed.",
            "confidence": 0.83,
        }
    )

    number = await open_ticket(
        personas.ada, "VPN is down", description="code <b>rejected</b> & so on"
    )
    card = await personas.bob.wait_for_message(number)
    [letter] = await world.mail.wait_until(lambda: world.mail.emails_to(personas.bob.email))

    for said in (
        "VPN is down",
        "code <b>rejected</b> & so on",
        "Network",
        "high",
        "vpn, okta",
        "VPN rejects the Okta code",
        "Ask whether the token was renewed.",
        "knows vpn, okta; no open tickets",
        "Gemini (83% sure of the category)",
    ):
        assert said in card.visible_text
        assert said in letter.text
    assert "Ada Lovelace" in card.visible_text
    assert "Asked by: Ada Lovelace" in letter.text
    assert "code &lt;b&gt;rejected&lt;/b&gt; &amp; so on" in letter.html
    assert letter.subject == f"{number}: VPN is down"
    assert card.buttons == ["Claim", "Decline", "Correct"]
    assert card.text


async def test_everybodys_card_follows_the_ticket(world: World, personas: Personas) -> None:
    await open_ticket(personas.ada, "VPN is down")
    offered = await personas.bob.wait_for_message("Offered to you")
    assert await personas.ada.wait_for_message("Offered to @Bob Kahn")

    await personas.bob.click(offered, "Claim")

    mine = await personas.bob.wait_for_message("You have it", timeout_seconds=3)
    assert mine.ts == offered.ts
    assert mine.buttons == ["Resolve", "Release", "Resolve with a note", "Correct"]
    assert await personas.ada.wait_for_message("@Bob Kahn has it", timeout_seconds=3)

    await personas.bob.click(mine, "Resolve")

    assert await personas.bob.wait_for_message("Resolved by @Bob Kahn", timeout_seconds=3)
    asked = await personas.ada.wait_for_message("Did it help?")
    assert asked.buttons == ["Reopen"]

    await personas.ada.click(asked, "Reopen")

    again = await personas.bob.wait_for_message(
        lambda m: "Offered to you" in m.visible_text and m.ts != offered.ts
    )
    assert again.buttons == ["Claim", "Decline", "Correct"]
    assert "you had it before" in again.visible_text
    assert await personas.ada.wait_for_message("was not solved yet")


async def test_help_says_what_one_can_do_to_that_person_alone(
    world: World, personas: Personas
) -> None:
    await personas.ada.type_text("/ticket help")

    whisper = await personas.ada.wait_for_ephemeral("What you can do")
    assert "/ticket my vpn is down" in whisper.visible_text
    assert "/ticket admin is for admins: people, skills and categories" in whisper.visible_text
    assert personas.bob.ephemeral_messages == []


async def test_a_ticket_may_begin_with_the_word_help(world: World, personas: Personas) -> None:
    await personas.ada.type_text("/ticket help me with my printer")

    assert personas.ada.modal
    assert personas.ada.modal.values["Title"] == "help me with my printer"
