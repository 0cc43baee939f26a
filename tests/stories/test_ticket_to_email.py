"""One ticket, all the way: from `/ticket` to the claimed card, the letter and the resolution."""

from sandbox.cast import Cast
from sandbox.world import World
from tests.stories.acts import opens_ticket, receipt_of


async def test_the_form_opens_filled_in_and_answers_with_the_number(
    world: World, cast: Cast
) -> None:
    await cast.ada.types("/ticket my vpn is down")
    form = cast.ada.modal

    assert form
    assert form.values["Title"] == "my vpn is down"
    await cast.ada.submits()

    assert receipt_of(cast.ada) == "T-1"
    assert cast.ada.modal
    assert "offered to somebody who knows" in cast.ada.modal.says


async def test_the_assignee_gets_card_and_letter_with_the_same_facts(
    world: World, cast: Cast
) -> None:
    world.gemini.answers(
        {
            "category": "Network",
            "priority": "high",
            "skills": ["vpn", "okta"],
            "summary": "VPN rejects the Okta code",
            "notes": "Ask whether the token was renewed.",
            "confidence": 0.83,
        }
    )

    number = await opens_ticket(cast.ada, "VPN is down", description="code <b>rejected</b> & so on")
    card = await cast.bob.gets_message(number)
    [letter] = await world.mail.until(lambda: world.mail.letters_to(cast.bob.email))

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
        assert said in card.says
        assert said in letter.text
    assert "Ada Lovelace" in card.says
    assert "Asked by: Ada Lovelace" in letter.text
    assert "code &lt;b&gt;rejected&lt;/b&gt; &amp; so on" in letter.html
    assert letter.subject == f"{number}: VPN is down"
    assert card.buttons == ["Claim", "Decline", "Correct"]
    assert card.text


async def test_everybodys_card_follows_the_ticket(world: World, cast: Cast) -> None:
    await opens_ticket(cast.ada, "VPN is down")
    offered = await cast.bob.gets_message("Offered to you")
    assert await cast.ada.gets_message("Offered to @Bob Kahn")

    await cast.bob.clicks(offered, "Claim")

    mine = await cast.bob.gets_message("You have it", timeout=3)
    assert mine.ts == offered.ts
    assert mine.buttons == ["Resolve", "Release", "Resolve with a note", "Correct"]
    assert await cast.ada.gets_message("@Bob Kahn has it", timeout=3)

    await cast.bob.clicks(mine, "Resolve")

    assert await cast.bob.gets_message("Resolved by @Bob Kahn", timeout=3)
    asked = await cast.ada.gets_message("Did it help?")
    assert asked.buttons == ["Reopen"]

    await cast.ada.clicks(asked, "Reopen")

    again = await cast.bob.gets_message(lambda m: "Offered to you" in m.says and m.ts != offered.ts)
    assert again.buttons == ["Claim", "Decline", "Correct"]
    assert "you had it before" in again.says
    assert await cast.ada.gets_message("was not solved yet")


async def test_help_says_what_one_can_do_to_that_person_alone(world: World, cast: Cast) -> None:
    await cast.ada.types("/ticket help")

    whisper = await cast.ada.gets_whisper("What you can do")
    assert "/ticket my vpn is down" in whisper.says
    assert "/ticket admin is for admins: people, skills and categories" in whisper.says
    assert cast.bob.whispers == []


async def test_a_ticket_may_begin_with_the_word_help(world: World, cast: Cast) -> None:
    await cast.ada.types("/ticket help me with my printer")

    assert cast.ada.modal
    assert cast.ada.modal.values["Title"] == "help me with my printer"
