"""A solution is suggested for similar tickets: on the moderator's card and on the receipt."""

from sandbox.world.personas import Personas
from sandbox.world.world import World
from tests.stories.conftest import HTTP_ONLY
from tests.stories.user_actions import open_ticket, wait_until_no_pending_steps

pytestmark = HTTP_ONLY
SOLUTION = "Restart the VPN client, then *sign in* <!channel>"


async def test_suggested_solution_resolves_a_similar_ticket(
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
    await personas.bob.fill("How was it solved?", SOLUTION)
    await personas.bob.submit_modal()
    assert personas.bob.modal is None
    assert SOLUTION in (await personas.ada.wait_for_message("Did this solve it?")).visible_text
    await wait_until_no_pending_steps(world)

    await personas.mo.type_text("/ticket My VPN drops every hour")
    await personas.mo.submit_modal()
    receipt = personas.mo.modal
    assert receipt
    assert "This may help" in receipt.visible_text
    assert SOLUTION in receipt.visible_text
    card = await personas.bob.wait_for_message("My VPN drops")
    assert f"{first}  VPN drops every hour" in card.visible_text
    assert SOLUTION in card.visible_text

    await personas.mo.click(receipt, "That solved it")

    assert await personas.bob.wait_for_message("Resolved by @Mo")
    resolved = await personas.mo.wait_for_message("You resolved T-")
    await wait_until_no_pending_steps(world)
    second = (await world.find_documents("tickets"))[-1]
    assert (second["status"], second["resolver"]) == ("resolved", personas.mo.id)
    assert [example["_id"] for example in await world.find_documents("lessons")] == [first]
    assert personas.mo.modal
    assert "Nobody works on it any more" in personas.mo.modal.visible_text

    await personas.mo.click(resolved, "Reopen")
    assert await personas.bob.wait_for_message(
        lambda card: "Offered to you" in card.visible_text and "My VPN" in card.visible_text
    )


async def test_ticket_resolved_before_triage_is_triaged_but_not_offered(
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
