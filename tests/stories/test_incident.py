"""Three people report the same: one moderator answers all of them at once."""

from sandbox.world.personas import Personas
from sandbox.world.world import World
from tests.faults.invariants import check_invariants
from tests.stories.conftest import HTTP_ONLY
from tests.stories.user_actions import open_ticket, wait_until_no_pending_steps

HOW = "Its certificate was renewed."


@HTTP_ONLY
async def test_one_answer_reaches_all_who_have_reported_it(
    world: World, personas: Personas
) -> None:
    # Of what only Bob knows, so that he has all of them, whichever is triaged first.
    people = [personas.ada, personas.mo, personas.grace]
    for person, title in zip(
        people, ("Okta is down", "The Okta is down!", "Okta down, please help"), strict=True
    ):
        await open_ticket(person, title)
    await open_ticket(personas.ada, "Okta is down, says HR", confidential="Keep this confidential")
    card = await personas.bob.wait_for_message("3 people report this")
    assert "also in T-2, T-3" in card.visible_text
    await personas.bob.click(card, "Claim")
    mine = await personas.bob.wait_for_message("You have it")

    await personas.bob.click(mine, "Answer all")
    await personas.bob.fill("How was it solved?", HOW)
    await personas.bob.submit_modal()

    assert personas.bob.modal is None
    for person in people:
        assert HOW in (await person.wait_for_message("Did it help?")).visible_text
    await wait_until_no_pending_steps(world)
    tickets = await world.find_documents("tickets")
    assert [ticket["incident"] for ticket in tickets] == ["T-1", "T-1", "T-1", ""]
    assert [ticket["status"] for ticket in tickets] == [*["resolved"] * 3, "offered"]
    assert {ticket["resolver"] for ticket in tickets[:3]} == {personas.bob.id}
    await check_invariants(world)
