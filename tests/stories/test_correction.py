"""A moderator puts right what triage said: the card follows, and the desk has learnt."""

from typing import Any

from models import flow
from models.documents import document_of
from models.flow import Move
from models.ticket import Ticket
from models.triage import Engine, Priority, Triage
from sandbox.cast import Cast
from sandbox.world import World
from tests.stories.acts import nothing_pends, opens_ticket
from tests.stories.conftest import HTTP_ONLY

pytestmark = HTTP_ONLY
WRONG = {
    "category": "Network",
    "priority": "low",
    "skills": ["vpn"],
    "summary": "A lock",
    "notes": "Ask.",
    "confidence": 0.9,
}


async def the_lesson(world: World) -> dict[str, Any]:
    """The only one, once nothing is left to do."""
    await nothing_pends(world)
    [lesson] = await world.documents("lessons")
    return lesson


async def test_two_moderators_correct_a_ticket_and_nothing_they_chose_is_lost(
    world: World, cast: Cast
) -> None:
    world.gemini.answers(WRONG)
    number = await opens_ticket(cast.ada, "It does not let me in")
    card = await cast.bob.gets_message("Offered to you")
    await cast.bob.clicks(card, "Decline")
    eves = await cast.eve.gets_message("Offered to you")
    bobs = await cast.bob.gets_message("Offered to @Eve Holt")
    await nothing_pends(world)

    await cast.bob.clicks(bobs, "Correct")
    await cast.eve.clicks(eves, "Correct")
    assert cast.bob.modal
    assert cast.bob.modal.values["Category"] == "Network"
    await cast.bob.fills("Category", "Access")
    await cast.bob.fills("Skills", ["okta", "password"])
    await cast.eve.fills("Category", "Security")
    await cast.eve.fills("Priority", ":red_circle: urgent")
    await cast.bob.submits()
    assert cast.bob.modal is None, cast.bob.modal
    await cast.eve.submits()

    assert cast.eve.modal
    assert f"{number} has changed while you had this open" in cast.eve.modal.says
    assert cast.eve.modal.values["Category"] == "Security"
    await cast.eve.submits()
    assert cast.eve.modal is None, cast.eve.modal

    assert await cast.eve.gets_message(lambda card: "Security" in card.says)
    lesson = await the_lesson(world)
    assert (lesson["category"], lesson["priority"], lesson["by"]) == (
        "Security",
        "urgent",
        cast.eve.id,
    )
    assert (lesson["said"]["category"], lesson["said"]["engine"]) == ("Network", "gemini")
    [ticket] = await world.documents("tickets")
    whats = [event["what"] for event in ticket["history"]]
    assert whats[-2:] == ["corrected", "corrected"]
    assert ticket["assignee"] == cast.eve.id


async def test_who_resolves_it_as_it_is_confirms_what_triage_said(world: World, cast: Cast) -> None:
    await opens_ticket(cast.ada, "VPN is down")
    await cast.bob.clicks(await cast.bob.gets_message("Offered to you"), "Claim")
    await cast.bob.clicks(await cast.bob.gets_message("You have it"), "Resolve")
    await cast.ada.gets_message("Did it help?")

    lesson = await the_lesson(world)

    assert lesson["category"] == lesson["said"]["category"] == "Network"
    assert lesson["by"] == cast.bob.id


async def test_what_the_engine_can_not_decide_is_decided_with_one_press(
    world: World, cast: Cast
) -> None:
    await world.worker.kill()
    number = await opens_ticket(cast.ada, "I am locked out of the VPN")
    either = Triage(
        category="Network",
        priority=Priority.NORMAL,
        skills=("vpn",),
        summary="VPN",
        engine=Engine.BUILTIN,
        confidence=0.5,
        second="Access",
    )
    ticket = Ticket.model_validate({**(await world.documents("tickets"))[0], "id": number})
    triaged = flow.make(ticket, Move.TRIAGE, by=None, now=ticket.opened_at, triage=either)
    await world.database.tickets.replace_one({"_id": number}, document_of(triaged))
    await world.worker.start()
    card = await cast.bob.gets_message("Not sure: Network or Access?")

    await cast.bob.clicks(card, "Access")

    decided = await cast.bob.gets_message("Corrected by @Bob Kahn", timeout=3)
    assert "Not sure" not in decided.says
    assert "Offered to you" in decided.says
    assert (await the_lesson(world))["category"] == "Access"
    await cast.bob.clicks(card, "Network")
    assert await cast.bob.gets_whisper("has changed in the meantime")
