"""A moderator edits the triage: the card follows, and a training example is stored."""

from typing import Any

from models.ticket_store.documents import ticket_to_document
from models.tickets import workflow
from models.tickets.actions import Verb
from models.tickets.ticket import Ticket
from models.triage.result import Engine, Priority, Triage
from sandbox.world.personas import Personas
from sandbox.world.world import World
from tests.stories.conftest import HTTP_ONLY
from tests.stories.user_actions import open_ticket, wait_until_no_pending_steps

pytestmark = HTTP_ONLY
WRONG_ANSWER = {
    "category": "Network",
    "priority": "low",
    "skills": ["vpn"],
    "summary": "A lock",
    "notes": "Ask.",
    "confidence": 0.9,
}


async def training_example(world: World) -> dict[str, Any]:
    """The only training example, once no step is left."""
    await wait_until_no_pending_steps(world)
    [example] = await world.find_documents("lessons")
    return example


async def test_choices_survive_a_ticket_that_changed_under_the_form(
    world: World, personas: Personas
) -> None:
    world.gemini.respond_with_json(WRONG_ANSWER)
    number = await open_ticket(personas.ada, "It does not let me in")
    card = await personas.bob.wait_for_message("Offered to you")
    await personas.bob.click(card, "Decline")
    eves_card = await personas.eve.wait_for_message("Offered to you")
    await wait_until_no_pending_steps(world)

    # Bob's card is from before he declined. A moderator may edit the triage of any ticket.
    await personas.bob.click(card, "Edit triage")
    await personas.eve.click(eves_card, "Edit triage")
    assert personas.bob.modal
    assert personas.bob.modal.values["Category"] == "Network"
    await personas.bob.fill("Category", "Access")
    await personas.bob.fill("Skills", ["okta", "password"])
    await personas.eve.fill("Category", "Security")
    await personas.eve.fill("Priority", ":red_circle: urgent")
    await personas.bob.submit_modal()
    assert personas.bob.modal is None, personas.bob.modal
    await personas.eve.submit_modal()

    assert personas.eve.modal
    assert f"{number} has changed while you had this open" in personas.eve.modal.visible_text
    assert personas.eve.modal.values["Category"] == "Security"
    await personas.eve.submit_modal()
    assert personas.eve.modal is None, personas.eve.modal

    assert await personas.eve.wait_for_message(lambda card: "Security" in card.visible_text)
    example = await training_example(world)
    assert (example["category"], example["priority"], example["by"]) == (
        "Security",
        "urgent",
        personas.eve.id,
    )
    assert (example["said"]["category"], example["said"]["engine"]) == ("Network", "gemini")
    [ticket] = await world.find_documents("tickets")
    events = [event["what"] for event in ticket["history"]]
    assert events[-2:] == ["corrected", "corrected"]
    assert ticket["assignee"] == personas.eve.id


async def test_resolving_without_an_edit_confirms_the_triage(
    world: World, personas: Personas
) -> None:
    await open_ticket(personas.ada, "VPN is down")
    await personas.bob.click(await personas.bob.wait_for_message("Offered to you"), "Claim")
    await personas.bob.click(await personas.bob.wait_for_message("You have it"), "Resolve")
    await personas.ada.wait_for_message("Did this solve it?")

    example = await training_example(world)

    assert example["category"] == example["said"]["category"] == "Network"
    assert example["by"] == personas.bob.id


async def test_one_click_decides_an_uncertain_category(world: World, personas: Personas) -> None:
    await world.worker.kill()
    number = await open_ticket(personas.ada, "I am locked out of the VPN")
    uncertain = Triage(
        category="Network",
        priority=Priority.NORMAL,
        skills=("vpn",),
        summary="VPN",
        engine=Engine.BUILTIN,
        confidence=0.5,
        second="Access",
    )
    ticket = Ticket.model_validate({**(await world.find_documents("tickets"))[0], "id": number})
    triaged = workflow.transition(
        ticket, Verb.TRIAGE, actor=None, now=ticket.opened_at, triage=uncertain
    )
    await world.database.tickets.replace_one({"_id": number}, ticket_to_document(triaged))
    await world.worker.start()
    card = await personas.bob.wait_for_message("Not sure: Network or Access?")

    await personas.bob.click(card, "Access")

    decided = await personas.bob.wait_for_message("· Access", timeout_seconds=3)
    assert "Not sure" not in decided.visible_text
    assert "Offered to you" in decided.visible_text
    assert (await training_example(world))["category"] == "Access"
    await personas.bob.click(card, "Network")
    assert await personas.bob.wait_for_ephemeral("has changed in the meantime")
