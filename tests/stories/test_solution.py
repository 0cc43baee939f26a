"""How a ticket was solved helps the next one: moderators by the card, who asks by the receipt."""

from sandbox.cast import Cast
from sandbox.world import World
from tests.stories.acts import nothing_pends, opens_ticket
from tests.stories.conftest import HTTP_ONLY

pytestmark = HTTP_ONLY
HOW = "Restart the VPN client, then *sign in* <!channel>"


async def test_a_solution_is_shown_where_something_alike_is_asked_and_solves_it(
    world: World, cast: Cast
) -> None:
    first = await opens_ticket(cast.ada, "VPN drops every hour")
    await cast.bob.clicks(await cast.bob.gets_message("Offered to you"), "Claim")
    await cast.bob.clicks(await cast.bob.gets_message("You have it"), "Resolve with a note")
    await cast.bob.fills("How was it solved?", "🔥")
    await cast.bob.submits()
    assert cast.bob.modal
    assert "in a few words" in cast.bob.modal.errors["How was it solved?"]
    await cast.bob.fills("How was it solved?", HOW)
    await cast.bob.submits()
    assert cast.bob.modal is None
    assert HOW in (await cast.ada.gets_message("Did it help?")).says
    await nothing_pends(world)

    await cast.mo.types("/ticket My VPN drops every hour")
    await cast.mo.submits()
    receipt = cast.mo.modal
    assert receipt
    assert "This may help" in receipt.says
    assert HOW in receipt.says
    card = await cast.bob.gets_message("My VPN drops")
    assert f"{first}  VPN drops every hour" in card.says
    assert HOW in card.says

    await cast.mo.clicks(receipt, "That solved it")

    assert await cast.bob.gets_message("Resolved by @Mo")
    asked = await cast.mo.gets_message("You said that")
    await nothing_pends(world)
    second = (await world.documents("tickets"))[-1]
    assert (second["status"], second["resolver"]) == ("resolved", cast.mo.id)
    assert [one["_id"] for one in await world.documents("lessons")] == [first]
    assert cast.mo.modal
    assert "Glad to hear it" in cast.mo.modal.says

    await cast.mo.clicks(asked, "Reopen")
    assert await cast.bob.gets_message(
        lambda one: "Offered to you" in one.says and "My VPN" in one.says
    )


async def test_who_has_solved_it_before_it_was_read_may_still_reopen_it(
    world: World, cast: Cast
) -> None:
    await world.worker.kill()
    await opens_ticket(cast.ada, "VPN drops every hour")
    solved = {"$set": {"status": "resolved"}, "$inc": {"rev": 1}}
    await world.database.tickets.update_many({}, solved)
    await world.worker.start()
    await nothing_pends(world)

    [ticket] = await world.documents("tickets")

    assert ticket["status"] == "resolved"
    assert ticket["triage"]["category"] == "Network"
    assert not any("Offered" in message.says for message in cast.bob.messages)
