"""Claim, decline, release, resolve and reopen: one winner, and the next person is asked."""

import asyncio

import pytest

from sandbox.world.personas import Personas
from sandbox.world.world import World
from tests.faults.forged_requests import button_press_payload, send_as_slack
from tests.stories.conftest import HTTP_ONLY
from tests.stories.user_actions import open_ticket, wait_until_no_pending_steps


@pytest.mark.fault("F50")
async def test_second_of_two_simultaneous_claims_is_refused_by_name(
    world: World, personas: Personas
) -> None:
    await open_ticket(personas.ada, "VPN is down")
    first = await personas.bob.wait_for_message("Offered to you")
    await personas.bob.click(first, "Decline")
    second = await personas.eve.wait_for_message("Offered to you")
    await personas.bob.wait_for_message("You don't have T-1 any more")
    await wait_until_no_pending_steps(world)
    [offered] = await world.find_documents("tickets")
    claim = await button_press_payload(
        world, personas.bob, "claim_ticket", f"T-1:{offered['version']}"
    )

    await asyncio.gather(send_as_slack(personas.bob, claim), personas.eve.click(second, "Claim"))

    [ticket] = await world.find_documents("tickets")
    winner, loser = (personas.bob, personas.eve)
    if ticket["assignee"] == personas.eve.id:
        winner, loser = loser, winner
    assert await loser.wait_for_ephemeral(
        f"@{winner.real_name} has already claimed T-1.", timeout_seconds=2
    )
    assert winner.ephemeral_messages == []
    assert await loser.wait_for_message("You don't have T-1 any more", timeout_seconds=3)
    assert await winner.wait_for_message("You have it", timeout_seconds=3)
    assert [event["what"] for event in ticket["history"]].count("claimed") == 1


@pytest.mark.fault("F54", "F81")
async def test_claim_delivered_twice_is_one_claim(world: World, personas: Personas) -> None:
    await open_ticket(personas.ada, "VPN is down")
    card = await personas.bob.wait_for_message("Offered to you")
    await personas.bob.click(card, "Claim")
    claim = world.slack.traffic_log.deliveries("block_actions")[-1]
    claimed = await personas.bob.wait_for_message("You have it")

    await world.slack.resend(claim)
    assert await personas.bob.wait_for_ephemeral("You already have T-1")
    await personas.bob.click(claimed, "Release")
    await personas.eve.wait_for_message("Offered to you")
    await world.slack.resend(claim)

    assert await personas.bob.wait_for_ephemeral("now offered to @Eve Holt")
    [ticket] = await world.find_documents("tickets")
    assert ticket["assignee"] == personas.eve.id


@pytest.mark.parametrize("button", ["Decline", "Release"])
@HTTP_ONLY
async def test_declined_or_released_ticket_goes_to_the_next_person(
    world: World, personas: Personas, button: str
) -> None:
    await open_ticket(personas.ada, "VPN is down")
    card = await personas.bob.wait_for_message("Offered to you")
    if button == "Release":
        await personas.bob.click(card, "Claim")
        card = await personas.bob.wait_for_message("You have it")

    await personas.bob.click(card, button)

    offered = await personas.eve.wait_for_message("Offered to you")
    assert "knows vpn" in offered.visible_text
    assert await world.mail.wait_until(lambda: world.mail.emails_to(personas.eve.email))
    assert await personas.bob.wait_for_message("You don't have T-1 any more", timeout_seconds=3)
    assert await personas.ada.wait_for_message("Waiting for @Eve Holt", timeout_seconds=3)

    await personas.eve.click(offered, "Decline")

    last = await personas.grace.wait_for_message("Offered to you")
    assert "you are an admin and nobody available knows vpn" in last.visible_text


@HTTP_ONLY
async def test_clicked_card_changes_while_the_worker_is_down(
    world: World, personas: Personas
) -> None:
    await open_ticket(personas.ada, "VPN is down")
    card = await personas.bob.wait_for_message("Offered to you")
    await personas.ada.wait_for_message("Waiting for")
    await world.worker.kill()

    await personas.bob.click(card, "Claim")

    assert await personas.bob.wait_for_message("You have it", timeout_seconds=3)


@HTTP_ONLY
async def test_reopened_ticket_can_be_resolved_again(world: World, personas: Personas) -> None:
    await open_ticket(personas.ada, "VPN is down")
    for _ in range(2):
        card = await personas.bob.wait_for_message("Offered to you")
        await personas.bob.click(card, "Claim")
        card = await personas.bob.wait_for_message("You have it")
        await personas.bob.click(card, "Resolve")
        resolved = await personas.ada.wait_for_message("Did this solve it?")
        await personas.ada.click(resolved, "Reopen")
        await personas.ada.wait_for_message("You reopened T-1")

    [ticket] = await world.find_documents("tickets")
    events = [event["what"] for event in ticket["history"]]
    assert events.count("resolved") == events.count("reopened") == 2


@HTTP_ONLY
async def test_requester_cannot_claim_their_own_ticket(world: World, personas: Personas) -> None:
    await open_ticket(personas.bob, "VPN is down")
    offered = await personas.eve.wait_for_message("Offered to you")
    await personas.eve.click(offered, "Claim")

    payload = world.slack.entry_payload(world.slack.traffic_log.deliveries("block_actions")[-1])

    assert payload["user"]["id"] == personas.eve.id
    assert all("Claim" not in message.buttons for message in personas.bob.messages)
