"""Three people report the same: one moderator answers all of them at once."""

from sandbox.cast import Cast
from sandbox.world import World
from tests.faults.invariants import check_invariants
from tests.stories.acts import nothing_pends, opens_ticket
from tests.stories.conftest import HTTP_ONLY

HOW = "Its certificate was renewed."


@HTTP_ONLY
async def test_one_answer_reaches_all_who_have_reported_it(world: World, cast: Cast) -> None:
    # Of what only Bob knows, so that he has all of them, whichever is triaged first.
    people = [cast.ada, cast.mo, cast.grace]
    for person, title in zip(
        people, ("Okta is down", "The Okta is down!", "Okta down, please help"), strict=True
    ):
        await opens_ticket(person, title)
    await opens_ticket(cast.ada, "Okta is down, says HR", confidential="Keep this confidential")
    card = await cast.bob.gets_message("3 people report this")
    assert "also in T-2, T-3" in card.says
    await cast.bob.clicks(card, "Claim")
    mine = await cast.bob.gets_message("You have it")

    await cast.bob.clicks(mine, "Answer all")
    await cast.bob.fills("How was it solved?", HOW)
    await cast.bob.submits()

    assert cast.bob.modal is None
    for person in people:
        assert HOW in (await person.gets_message("Did it help?")).says
    await nothing_pends(world)
    tickets = await world.documents("tickets")
    assert [ticket["incident"] for ticket in tickets] == ["T-1", "T-1", "T-1", ""]
    assert [ticket["status"] for ticket in tickets] == [*["resolved"] * 3, "offered"]
    assert {ticket["resolver"] for ticket in tickets[:3]} == {cast.bob.id}
    await check_invariants(world)
