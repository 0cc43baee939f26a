"""Three people report the same, and one moderator resolves all their tickets at once."""

from sandbox.world.personas import Personas
from sandbox.world.world import World
from tests.faults.invariants import check_invariants
from tests.stories.conftest import HTTP_ONLY
from tests.stories.user_actions import CONFIDENTIAL_OPTION, open_ticket, wait_until_no_pending_steps

SOLUTION = "Its certificate was renewed."


@HTTP_ONLY
async def test_one_answer_resolves_every_ticket_of_an_incident(
    world: World, personas: Personas
) -> None:
    # Only Bob has the skill okta, so he gets all of them in whatever order they are triaged.
    people = [personas.ada, personas.mo, personas.grace]
    for person, title in zip(
        people, ("Okta is down", "The Okta is down!", "Okta down, please help"), strict=True
    ):
        await open_ticket(person, title)
    await open_ticket(personas.ada, "Okta is down, says HR", confidential=CONFIDENTIAL_OPTION)
    card = await personas.bob.wait_for_message("3 people report this")
    assert "also in T-2, T-3" in card.visible_text
    await personas.bob.click(card, "Claim")
    claimed = await personas.bob.wait_for_message("You have it")

    await personas.bob.click(claimed, "Resolve all")
    await personas.bob.fill("How was it solved?", SOLUTION)
    await personas.bob.submit_modal()

    assert personas.bob.modal is None
    for person in people:
        assert SOLUTION in (await person.wait_for_message("Did this solve it?")).visible_text
    await wait_until_no_pending_steps(world)
    tickets = await world.find_documents("tickets")
    assert [ticket["incident"] for ticket in tickets] == ["T-1", "T-1", "T-1", ""]
    assert [ticket["status"] for ticket in tickets] == [*["resolved"] * 3, "offered"]
    assert {ticket["resolver"] for ticket in tickets[:3]} == {personas.bob.id}
    await check_invariants(world)
