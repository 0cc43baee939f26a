"""Claiming, declining, releasing, resolving: one winner, everybody told, the next-best asked."""

import asyncio

import pytest

from sandbox.cast import Cast
from sandbox.world import World
from tests.stories.acts import opens_ticket
from tests.stories.conftest import HTTP_ONLY


@pytest.mark.fault("F50")
async def test_of_two_simultaneous_claims_one_wins_and_the_other_is_told_by_name(
    world: World, cast: Cast
) -> None:
    await opens_ticket(cast.ada, "VPN is down")
    first = await cast.bob.gets_message("Offered to you")
    await cast.bob.clicks(first, "Decline")
    second = await cast.eve.gets_message("Offered to you")
    changed_his_mind = await cast.bob.gets_message("Offered to @Eve Holt")

    await asyncio.gather(
        cast.bob.clicks(changed_his_mind, "Claim"), cast.eve.clicks(second, "Claim")
    )

    [ticket] = await world.documents("tickets")
    winner, loser = (cast.bob, cast.eve)
    if ticket["assignee"] == cast.eve.id:
        winner, loser = loser, winner
    assert await loser.gets_whisper(f"@{winner.real_name} has already claimed T-1.", timeout=2)
    assert winner.whispers == []
    assert await loser.gets_message(f"@{winner.real_name} has it", timeout=3)
    assert await winner.gets_message("You have it", timeout=3)
    assert [event["what"] for event in ticket["history"]].count("claimed") == 1


@pytest.mark.fault("F54", "F81")
async def test_a_claim_delivered_twice_is_one_claim(world: World, cast: Cast) -> None:
    await opens_ticket(cast.ada, "VPN is down")
    card = await cast.bob.gets_message("Offered to you")
    await cast.bob.clicks(card, "Claim")
    claim = world.slack.journal.deliveries("block_actions")[-1]
    release = await cast.bob.gets_message("You have it")

    await world.slack.redeliver(claim)
    assert await cast.bob.gets_whisper("You already have T-1")
    await cast.bob.clicks(release, "Release")
    await cast.eve.gets_message("Offered to you")
    await world.slack.redeliver(claim)

    assert await cast.bob.gets_whisper("now offered to @Eve Holt")
    [ticket] = await world.documents("tickets")
    assert ticket["assignee"] == cast.eve.id


@pytest.mark.parametrize("way", ["Decline", "Release"])
@HTTP_ONLY
async def test_who_gives_it_back_is_followed_by_the_next_best(
    world: World, cast: Cast, way: str
) -> None:
    await opens_ticket(cast.ada, "VPN is down")
    card = await cast.bob.gets_message("Offered to you")
    if way == "Release":
        await cast.bob.clicks(card, "Claim")
        card = await cast.bob.gets_message("You have it")

    await cast.bob.clicks(card, way)

    offered = await cast.eve.gets_message("Offered to you")
    assert "knows vpn" in offered.says
    assert await world.mail.until(lambda: world.mail.letters_to(cast.eve.email))
    assert await cast.bob.gets_message("Offered to @Eve Holt", timeout=3)
    assert await cast.ada.gets_message("Offered to @Eve Holt", timeout=3)

    await cast.eve.clicks(offered, "Decline")

    last = await cast.grace.gets_message("Offered to you")
    assert "you are an admin and nobody available knows vpn" in last.says


@HTTP_ONLY
async def test_the_clicked_card_changes_though_the_worker_is_away(world: World, cast: Cast) -> None:
    await opens_ticket(cast.ada, "VPN is down")
    card = await cast.bob.gets_message("Offered to you")
    await cast.ada.gets_message("Offered to")
    await world.worker.kill()

    await cast.bob.clicks(card, "Claim")

    assert await cast.bob.gets_message("You have it", timeout=3)


@HTTP_ONLY
async def test_a_reopened_ticket_can_be_resolved_again(world: World, cast: Cast) -> None:
    await opens_ticket(cast.ada, "VPN is down")
    for _ in range(2):
        card = await cast.bob.gets_message("Offered to you")
        await cast.bob.clicks(card, "Claim")
        card = await cast.bob.gets_message("You have it")
        await cast.bob.clicks(card, "Resolve")
        asked = await cast.ada.gets_message("Did it help?")
        await cast.ada.clicks(asked, "Reopen")
        await cast.ada.gets_message("was not solved yet")

    [ticket] = await world.documents("tickets")
    whats = [event["what"] for event in ticket["history"]]
    assert whats.count("resolved") == whats.count("reopened") == 2


@HTTP_ONLY
async def test_the_requester_cannot_claim_their_own_ticket(world: World, cast: Cast) -> None:
    await opens_ticket(cast.bob, "VPN is down")
    offered = await cast.eve.gets_message("Offered to you")
    await cast.eve.clicks(offered, "Claim")

    payload = world.slack.payload_of(world.slack.journal.deliveries("block_actions")[-1])

    assert payload["user"]["id"] == cast.eve.id
    assert all("Claim" not in message.buttons for message in cast.bob.messages)
