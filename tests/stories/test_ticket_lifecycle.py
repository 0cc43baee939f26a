"""One ticket from `/ticket` to the claim, the e-mail and the resolution; and `/ticket help`."""

from sandbox.world.personas import Personas
from sandbox.world.world import World
from tests.stories.conftest import HTTP_ONLY
from tests.stories.user_actions import open_ticket, receipt_ticket_id


async def test_command_text_fills_the_form_and_the_receipt_has_the_number(
    world: World, personas: Personas
) -> None:
    await personas.ada.type_text("/ticket my vpn is down")
    form = personas.ada.modal

    assert form
    assert form.values["Title"] == "my vpn is down"
    await personas.ada.submit_modal()

    assert receipt_ticket_id(personas.ada) == "T-1"
    assert personas.ada.modal
    assert "We are finding the right person." in personas.ada.modal.visible_text


async def test_card_and_email_show_the_same_facts(world: World, personas: Personas) -> None:
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
    [email] = await world.mail.wait_until(lambda: world.mail.emails_to(personas.bob.email))

    for text in (
        "VPN is down",
        "code <b>rejected</b> & so on",
        "Network",
        "high",
        "vpn, okta",
        "VPN rejects the Okta code",
        "Ask whether the token was renewed.",
        "knows vpn, okta; no open tickets",
    ):
        assert text in card.visible_text
        assert text in email.text
    assert "Gemini (83% sure of the category)" in email.text
    assert "Ada Lovelace" in card.visible_text
    assert "Requester: Ada Lovelace" in email.text
    assert "code &lt;b&gt;rejected&lt;/b&gt; &amp; so on" in email.html
    assert email.subject == f"{number}: VPN is down"
    assert card.buttons == ["Claim", "Decline", "Edit triage", "Details"]
    assert card.text


async def test_every_card_follows_the_ticket(world: World, personas: Personas) -> None:
    await open_ticket(personas.ada, "VPN is down")
    offered = await personas.bob.wait_for_message("Offered to you")
    assert await personas.ada.wait_for_message("Waiting for @Bob Kahn")

    await personas.bob.click(offered, "Claim")

    claimed = await personas.bob.wait_for_message("You have it", timeout_seconds=3)
    assert claimed.ts == offered.ts
    moves = ["Resolve", "Resolve with a note", "Release"]
    assert claimed.buttons == [*moves, "Edit triage", "Details"]
    assert await personas.ada.wait_for_message("@Bob Kahn is working on it", timeout_seconds=3)

    await personas.bob.click(claimed, "Resolve")

    assert await personas.bob.wait_for_message("You resolved this ticket", timeout_seconds=3)
    resolved = await personas.ada.wait_for_message("Did this solve it?")
    assert resolved.buttons == ["Reopen"]

    await personas.ada.click(resolved, "Reopen")

    again = await personas.bob.wait_for_message(
        lambda m: "Offered to you" in m.visible_text and m.ts != offered.ts
    )
    assert again.buttons == ["Claim", "Decline", "Edit triage", "Details"]
    assert "you had it before" in again.visible_text
    assert await personas.ada.wait_for_message("You reopened T-1")


async def test_help_lists_what_the_role_can_do(world: World, personas: Personas) -> None:
    helps = {}
    for person in (personas.ada, personas.bob, personas.grace):
        await person.type_text("/ticket help")
        helps[person.handle] = (await person.wait_for_ephemeral("What you can do")).visible_text

    assert all("/ticket my vpn is down" in text for text in helps.values())
    for command, handles in (
        ("/ticket token", {"ada", "bob", "grace"}),
        ("/ticket watch T-42", {"bob", "grace"}),
        ("Details shows how", {"bob", "grace"}),
        ("/ticket admin", {"grace"}),
    ):
        assert {handle for handle, text in helps.items() if command in text} == handles
    assert len(personas.ada.ephemeral_messages) == 1


@HTTP_ONLY
async def test_help_without_mongodb_is_the_list_for_users(world: World, personas: Personas) -> None:
    await world.servers.mongodb.kill()

    await personas.grace.type_text("/ticket help")

    answer = await personas.grace.wait_for_ephemeral("What you can do")
    assert "The database does not answer" in answer.visible_text
    assert "/ticket admin" not in answer.visible_text
    assert personas.grace.alerts == []


async def test_ticket_may_begin_with_the_word_help(world: World, personas: Personas) -> None:
    await personas.ada.type_text("/ticket help me with my printer")

    assert personas.ada.modal
    assert personas.ada.modal.values["Title"] == "help me with my printer"
