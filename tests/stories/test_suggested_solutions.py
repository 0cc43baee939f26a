"""How a ticket was solved helps the next one: moderators by the card, who asks by the receipt."""

from sandbox.world.personas import Personas
from sandbox.world.world import World
from tests.stories.conftest import HTTP_ONLY
from tests.stories.user_actions import open_ticket, wait_until_no_pending_steps

pytestmark = HTTP_ONLY
HOW = "Restart the VPN client, then *sign in* <!channel>"


async def test_a_solution_is_shown_where_something_alike_is_asked_and_solves_it(
    world: World, personas: Personas
) -> None:
    first = await open_ticket(personas.ada, "VPN drops every hour")
    await personas.bob.click(await personas.bob.wait_for_message("Offered to you"), "Claim")
    await personas.bob.click(
        await personas.bob.wait_for_message("You have it"), "Resolve with a note"
    )
    await personas.bob.fill("How was it solved?", "🔥")
    await personas.bob.submit_modal()
    assert personas.bob.modal
    assert "in a few words" in personas.bob.modal.errors["How was it solved?"]
    await personas.bob.fill("How was it solved?", HOW)
    await personas.bob.submit_modal()
    assert personas.bob.modal is None
    assert HOW in (await personas.ada.wait_for_message("Did it help?")).visible_text
    await wait_until_no_pending_steps(world)

    await personas.mo.type_text("/ticket My VPN drops every hour")
    await personas.mo.submit_modal()
    receipt = personas.mo.modal
    assert receipt
    assert "This may help" in receipt.visible_text
    assert HOW in receipt.visible_text
    card = await personas.bob.wait_for_message("My VPN drops")
    assert f"{first}  VPN drops every hour" in card.visible_text
    assert HOW in card.visible_text

    await personas.mo.click(receipt, "That solved it")

    assert await personas.bob.wait_for_message("Resolved by @Mo")
    asked = await personas.mo.wait_for_message("You said that")
    await wait_until_no_pending_steps(world)
    second = (await world.find_documents("tickets"))[-1]
    assert (second["status"], second["resolver"]) == ("resolved", personas.mo.id)
    assert [one["_id"] for one in await world.find_documents("lessons")] == [first]
    assert personas.mo.modal
    assert "Glad to hear it" in personas.mo.modal.visible_text

    await personas.mo.click(asked, "Reopen")
    assert await personas.bob.wait_for_message(
        lambda one: "Offered to you" in one.visible_text and "My VPN" in one.visible_text
    )


async def test_who_has_solved_it_before_it_was_read_may_still_reopen_it(
    world: World, personas: Personas
) -> None:
    await world.worker.kill()
    await open_ticket(personas.ada, "VPN drops every hour")
    solved = {"$set": {"status": "resolved"}, "$inc": {"rev": 1}}
    await world.database.tickets.update_many({}, solved)
    await world.worker.start()
    await wait_until_no_pending_steps(world)

    [ticket] = await world.find_documents("tickets")

    assert ticket["status"] == "resolved"
    assert ticket["triage"]["category"] == "Network"
    assert not any("Offered" in message.visible_text for message in personas.bob.messages)
