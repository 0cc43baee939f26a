"""Fifty moderators claim the same ticket at the same time, at two bots."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from sandbox.services.database_servers import DatabaseServers, find_free_port
from sandbox.slack.actors.person import Person
from sandbox.world.world import World
from tests.faults.forged_requests import (
    BotResponse,
    button_press_payload,
    interactive_body,
    only_ticket,
    post_to_bot,
    send_as_slack,
    signed_headers,
)
from tests.faults.invariants import check_invariants
from tests.stories.user_actions import open_ticket, set_role_and_skills, wait_until_no_pending_steps

MODERATORS = 50


@pytest.mark.fault("F50")
async def test_one_of_fifty_claims_wins_and_the_others_name_the_winner(
    servers: DatabaseServers, sabotage_environment: dict[str, str]
) -> None:
    async with World(servers=servers, extra_env=sabotage_environment) as world:
        world.slack.has_rate_limits = False
        port = find_free_port()
        second_bot = world.new_bot("second-bot", port=port)
        await second_bot.start()
        try:
            await _claim_by_everyone(world, f"http://127.0.0.1:{port}")
            await check_invariants(world, more_processes=[second_bot])
        finally:
            await second_bot.stop()


async def _claim_by_everyone(world: World, second_url: str) -> None:
    ada, bob = world.personas.ada, world.personas.bob
    await set_role_and_skills(
        world.slack, world.personas.grace, bob, role="Moderator", skills=["vpn"]
    )
    await open_ticket(ada, "VPN is down")
    await bob.click(await bob.wait_for_message("Offered to you"), "Decline")
    people = await _add_moderators(world)
    await wait_until_no_pending_steps(world)
    ticket = await only_ticket(world)
    value = f"{ticket['_id']}:{ticket['version']}"
    claims = [await button_press_payload(world, person, "claim_ticket", value) for person in people]

    async def claim(number: int, payload: dict[str, Any]) -> BotResponse:
        if number % 2:
            return await send_as_slack(people[number], payload)
        body = interactive_body(payload)
        return await post_to_bot(world, body, signed_headers(world, body), url=second_url)

    answers = await asyncio.gather(
        *(claim(number, payload) for number, payload in enumerate(claims))
    )

    assert {answer.status for answer in answers} == {200}
    await wait_until_no_pending_steps(world)
    ticket = await only_ticket(world)
    assert [event["what"] for event in ticket["history"]].count("claimed") == 1
    refusal = f"<@{ticket['assignee']}> has already claimed {ticket['_id']}."

    def refusals() -> list[str]:
        texts = [
            call.request.get("text", "")
            for call in world.slack.traffic_log.api_calls("response_url")
        ]
        return [text for text in texts if refusal in text]

    await world.slack.wait_until(lambda: len(refusals()) == MODERATORS - 1)
    assert ticket["assignee"] in {person.id for person in people}


async def _add_moderators(world: World) -> list[Person]:
    """Add moderators to Slack and to the database."""
    people = [
        world.slack.add_person(f"m{n}", real_name=f"M {n}", email=f"m{n}@acme.example")
        for n in range(MODERATORS)
    ]
    team_id, now = world.slack.team_id, datetime.now(UTC)
    fields = {"team_id": team_id, "role": "moderator", "active": True, "profiled_at": now}
    await world.database.members.insert_many(
        {"_id": f"{team_id}:{person.id}", "slack_id": person.id, "name": person.real_name, **fields}
        for person in people
    )
    return people
