"""The *Details* button: staff see the facts behind the triage, and nobody else does."""

import json
import urllib.parse
from typing import Any

from sandbox.world.personas import Personas
from sandbox.world.world import World
from tests.stories.conftest import HTTP_ONLY
from tests.stories.user_actions import CONFIDENTIAL_OPTION, open_ticket, wait_until_no_pending_steps

pytestmark = HTTP_ONLY


async def test_details_show_the_facts_behind_the_triage(world: World, personas: Personas) -> None:
    world.gemini.respond_with_json(
        {
            "category": "Network",
            "priority": "high",
            "skills": ["vpn", "okta"],
            "summary": "VPN rejects the Okta code",
            "notes": "",
            "confidence": 0.83,
        }
    )
    number = await open_ticket(personas.ada, "VPN is down")
    card = await personas.bob.wait_for_message("Offered to you")

    await personas.bob.click(card, "Details")

    assert personas.bob.modal
    assert personas.bob.modal.title == f"{number} details"
    for fact in (
        "Engine: Gemini",
        "Confidence: 83% sure of Network",
        "Model: ",
        "Prompt version: ",
        "Response time: ",
        "Tokens: ",
        "Skills: vpn, okta",
        "Ticket version: ",
    ):
        assert fact in personas.bob.modal.visible_text
        assert fact not in card.visible_text


async def test_details_open_from_a_card_of_an_older_version(
    world: World, personas: Personas
) -> None:
    await open_ticket(personas.ada, "VPN is down")
    old_card = await personas.bob.wait_for_message("Offered to you")
    await personas.bob.click(old_card, "Claim")
    claimed = await personas.bob.wait_for_message("You have it")
    await personas.bob.click(claimed, "Edit triage")
    await personas.bob.submit_modal()
    assert personas.bob.modal is None

    await personas.bob.click(old_card, "Details")

    assert personas.bob.modal
    assert "Triage confirmed by: @Bob Kahn" in personas.bob.modal.visible_text


async def test_requester_is_refused_the_details(world: World, personas: Personas) -> None:
    await open_ticket(personas.ada, "VPN is down")
    card = await personas.bob.wait_for_message("Offered to you")
    assert all("Details" not in message.buttons for message in personas.ada.messages)
    payload = await details_payload(world, personas, card)
    payload["user"] |= {"id": personas.ada.id, "username": personas.ada.handle}

    await send_payload(world, payload)

    refusal = await personas.bob.wait_for_ephemeral("for moderators and admins")
    assert "Engine" not in refusal.visible_text
    assert personas.ada.modal is personas.bob.modal is None


async def test_handed_back_confidential_ticket_shows_no_details(
    world: World, personas: Personas
) -> None:
    await open_ticket(personas.ada, "VPN is down", confidential=CONFIDENTIAL_OPTION)
    card = await personas.bob.wait_for_message("Offered to you")
    await personas.bob.click(card, "Decline")
    handed_back = await personas.bob.wait_for_message("You don't have T-1 any more")
    assert handed_back.buttons == []
    await wait_until_no_pending_steps(world)

    await personas.bob.click(card, "Details")

    refusal = await personas.bob.wait_for_ephemeral("you cannot see it")
    assert "Engine" not in refusal.visible_text
    assert personas.bob.modal is None


async def details_payload(world: World, personas: Personas, card: Any) -> dict[str, Any]:
    """The payload of a click on *Details* by Bob, who has closed the modal again."""
    await personas.bob.click(card, "Details")
    await personas.bob.close_modal()
    click = world.slack.traffic_log.deliveries("block_actions")[-1]
    payload: dict[str, Any] = world.slack.entry_payload(click)
    return payload


async def send_payload(world: World, payload: dict[str, Any]) -> None:
    """Send a signed payload, as a manipulated client makes Slack send it."""
    body = f"payload={urllib.parse.quote(json.dumps(payload))}".encode()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    await world.slack.send_raw(body, world.slack.signature_headers(body) | form)
