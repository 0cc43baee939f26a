"""Forged, replayed and flooding requests give nobody access to anything."""

import asyncio
import io
import json
import time

import aiohttp
import pytest

from sandbox.slack.actors.person import Person
from sandbox.slack.state.traffic_log import TrafficEntry
from sandbox.world.world import World
from tests.faults.forged_requests import (
    FORM_CONTENT_TYPE,
    button_press_payload,
    interactive_body,
    last_delivery,
    only_ticket,
    post_to_bot,
    send_as_slack,
    signed_headers,
    submission_payload,
)
from tests.faults.invariants import check_invariants
from tests.faults.ticket_lifecycle import TITLE, ProxiedWorld, claim_ticket, submit_ticket
from tests.stories.user_actions import set_role_and_skills

TELLTALE = "swordfish-in-the-request"
SIGNATURE, TIMESTAMP = "X-Slack-Signature", "X-Slack-Request-Timestamp"
_MEGABYTE = 1_000_000


async def set_role(world: World, person: Person, role: str) -> None:
    """Change a role in the database, as when a role change and a click cross."""
    await world.database.members.update_one({"slack_id": person.id}, {"$set": {"role": role}})


def invalid_headers(world: World, body: bytes) -> list[dict[str, str]]:
    """Headers that are not a valid signature of these bytes now."""
    now, valid = int(time.time()), signed_headers(world, body)
    return [
        {},
        {"Content-Type": FORM_CONTENT_TYPE},
        {"Content-Type": "application/json"},
        signed_headers(world, body, timestamp=now - 301),
        signed_headers(world, body, timestamp=now + 301),
        signed_headers(world, body + b"x"),
        {name: value for name, value in valid.items() if name != TIMESTAMP},
        {name: value for name, value in valid.items() if name != SIGNATURE},
        valid | {TIMESTAMP: "abc"},
        valid | {SIGNATURE: "v0=é"},
        valid | {SIGNATURE: valid[SIGNATURE].replace("v0", "v1")},
    ]


@pytest.mark.long
@pytest.mark.fault("F80", "F92")
async def test_unsigned_request_is_not_stored_or_logged(
    proxied_world: ProxiedWorld,
) -> None:
    world, ada = proxied_world.world, proxied_world.world.personas.ada
    await ada.type_text(f"/ticket {TITLE}")
    body = interactive_body(submission_payload(ada, title=TELLTALE, description=TELLTALE))

    for headers in invalid_headers(world, body):
        answer = await post_to_bot(world, body, headers)
        assert (answer.status, TELLTALE in str(answer.body)) == (401, False), headers
    large_body = io.BytesIO(body * (10 * _MEGABYTE // len(body)))
    assert (await post_to_bot(world, large_body, signed_headers(world, body))).status == 413

    await check_nothing_stored(world)


DAMAGED_BODIES = (
    b"payload=%s&payload=%%7B%%7D",
    b"payload=%%7B%%22type%%22%%3A%%22view_submission%%22%%7D&%s",
    b"payload=[1]&x=%s",
    b"payload=null&x=%s",
    b'{"type": "%s"}',
    b"\xff\xfe%s",
)


@pytest.mark.long
@pytest.mark.fault("F80", "F92")
async def test_damaged_signed_request_is_refused(
    proxied_world: ProxiedWorld,
) -> None:
    for template in DAMAGED_BODIES:
        body = template % TELLTALE.encode()
        answer = await post_to_bot(
            proxied_world.world, body, signed_headers(proxied_world.world, body)
        )
        assert answer.status in {200, 400, 401, 404}, (body, answer)
        assert TELLTALE not in str(answer.body)

    await check_nothing_stored(proxied_world.world)


async def check_nothing_stored(world: World) -> None:
    """Check that no ticket is stored and that the logs have no text of the request."""
    assert await world.find_documents("tickets") == []
    assert TELLTALE not in world.bot.log
    assert "Traceback" not in world.bot.current_run_log
    await check_invariants(world)


@pytest.mark.long
@pytest.mark.fault("F81")
async def test_replayed_requests_change_nothing(
    proxied_world: ProxiedWorld,
) -> None:
    world, cast = proxied_world.world, proxied_world.world.personas
    await submit_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()
    await claim_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()
    await cast.bob.click(await cast.bob.wait_for_message("You have it"), "Resolve")
    await proxied_world.wait_until_no_pending_steps()
    await cast.ada.click(await cast.ada.wait_for_message("Did this solve it?"), "Reopen")
    await proxied_world.wait_until_no_pending_steps()
    before = await only_ticket(world)
    requests: list[TrafficEntry] = world.slack.traffic_log.deliveries("view_submission")
    requests += world.slack.traffic_log.deliveries("block_actions")
    assert len(requests) >= 4

    acks = [await world.slack.resend(entry) for entry in requests for _ in range(2)]

    assert all(ack.ok for ack in acks)
    await proxied_world.wait_until_no_pending_steps()
    after = await only_ticket(world)
    assert after["history"] == before["history"]
    assert len(world.mail.inbox) == before["offers"]
    await check_invariants(world)


@pytest.mark.long
@pytest.mark.fault("F82")
async def test_admin_id_from_another_workspace_has_no_authority(
    proxied_world: ProxiedWorld,
) -> None:
    world, cast = proxied_world.world, proxied_world.world.personas
    await submit_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()
    card = await cast.bob.wait_for_message("Offered to you")
    await cast.bob.click(card, "Decline")
    await proxied_world.wait_until_no_pending_steps()
    before = await only_ticket(world)
    value = f"{before['_id']}:{before['version']}"
    member_count = len(await world.find_documents("members"))

    for other_user in ({"team_id": "T0OTHER01"}, {"team_id": ""}):
        forged = await button_press_payload(world, cast.grace, "claim_ticket", value)
        forged["user"] |= other_user
        forged["team"] = {"id": "T0OTHER01", "domain": "other"}
        assert (await send_as_slack(cast.grace, forged)).status == 200

    await proxied_world.wait_until_no_pending_steps()
    assert await only_ticket(world) == before
    assert len(await world.find_documents("members")) == member_count
    await check_invariants(world)


@pytest.mark.long
@pytest.mark.fault("F83")
async def test_forged_admin_form_gives_nobody_a_role(
    proxied_world: ProxiedWorld,
) -> None:
    world, ada, mo = (
        proxied_world.world,
        proxied_world.world.personas.ada,
        proxied_world.world.personas.mo,
    )
    await set_role_and_skills(world.slack, world.personas.grace, mo, role="User", skills=[])
    payload = json.loads(json.dumps(last_delivery(world, "view_submission").request))
    assert ada.modal is None
    before = await world.find_documents("members")
    admin_option = {"type": "static_select", "selected_option": {"value": "admin"}}
    for block, value in (
        ("person", {"pick_person": {"type": "users_select", "selected_user": ada.id}}),
        (f"role:{ada.id}", {"value": admin_option}),
        (f"skills:{ada.id}", {"value": {"selected_options": []}}),
    ):
        payload["view"]["state"]["values"][block] = value
    payload["view"]["private_metadata"] = json.dumps(
        {"role": "admin", "user": world.personas.grace.id}
    )
    payload["user"] |= {"id": ada.id, "username": ada.handle, "name": ada.handle}

    assert (await send_as_slack(ada, payload)).status == 200
    for action_id in ("pick_person", "watch_desk", "replay_steps", "take_up_tickets"):
        press = {"type": "block_actions", "actions": [{"action_id": action_id, "type": "button"}]}
        assert (await send_as_slack(ada, payload | press)).status == 200

    roles = {member["slack_id"]: member["role"] for member in await world.find_documents("members")}
    assert roles == {m["slack_id"]: m["role"] for m in before} | {ada.id: "user"}
    await check_invariants(world)


@pytest.mark.long
@pytest.mark.fault("F52", "F85")
async def test_click_is_refused_once_the_role_is_lost(
    proxied_world: ProxiedWorld,
) -> None:
    world, bob = proxied_world.world, proxied_world.world.personas.bob
    await submit_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()
    card = await bob.wait_for_message("Offered to you")
    before = await only_ticket(world)

    await set_role(world, bob, "user")
    await bob.click(card, "Claim")
    assert await bob.wait_for_ephemeral("There is no such ticket, or you cannot see it")
    await bob.click(card, "Decline")
    assert await only_ticket(world) == before

    await set_role(world, bob, "moderator")
    await claim_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()
    await check_invariants(world)


@pytest.mark.long
@pytest.mark.fault("F86")
async def test_other_persons_ticket_looks_like_an_unknown_id(
    proxied_world: ProxiedWorld,
) -> None:
    world, mo = proxied_world.world, proxied_world.world.personas.mo
    await submit_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()
    await claim_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()
    before = await only_ticket(world)
    moves = ("claim", "decline", "release", "resolve", "reopen")

    async def answers_to(value: str) -> list[str]:
        api_calls = world.slack.traffic_log.api_calls
        count_before = len(api_calls("response_url"))
        for move in moves:
            await send_as_slack(mo, await button_press_payload(world, mo, f"{move}_ticket", value))
        await world.slack.wait_until(
            lambda: len(api_calls("response_url")) == count_before + len(moves)
        )
        return sorted(call.request["text"] for call in api_calls("response_url")[count_before:])

    answers_about_ticket = await answers_to(f"{before['_id']}:{before['version']}")
    answers_about_no_ticket = await answers_to(f"T-999:{before['version']}")

    assert answers_about_ticket == answers_about_no_ticket
    assert mo.messages == []
    await proxied_world.wait_until_no_pending_steps()
    assert await only_ticket(world) == before
    await check_invariants(world)


@pytest.mark.long
@pytest.mark.fault("F89")
async def test_flood_of_unsigned_requests_delays_nobody(proxied_world: ProxiedWorld) -> None:
    world = proxied_world.world
    world.worker.suspend()
    try:
        quiet_seconds = await _slowest_receipt(proxied_world)
        answers: list[int] = []
        flood = [asyncio.create_task(_flood(world, answers)) for _ in range(16)]
        flooded_seconds = await _slowest_receipt(proxied_world)
        for task in flood:
            task.cancel()
        await asyncio.gather(*flood, return_exceptions=True)
        assert set(answers) == {401}
        assert len(answers) > 100
        # The flood itself uses a part of the same two cores.
        assert flooded_seconds < 20 * quiet_seconds, (
            f"{quiet_seconds:.3f} s without, {flooded_seconds:.3f} s with {len(answers)} requests"
        )
        assert proxied_world.world.personas.ada.alerts == []
        await check_invariants(world)
    finally:
        await world.reset()
        world.worker.resume()


async def _slowest_receipt(proxied_world: ProxiedWorld, submission_count: int = 50) -> float:
    """The second longest wait for a receipt, in seconds."""
    ada, seconds = proxied_world.world.personas.ada, []
    for _ in range(submission_count):
        await ada.type_text(f"/ticket {TITLE}")
        payload, started = submission_payload(ada), time.monotonic()
        assert (await send_as_slack(ada, payload)).receipt_ticket_id
        seconds.append(time.monotonic() - started)
        await ada.close_modal()
    return sorted(seconds)[-2]


async def _flood(world: World, answers: list[int]) -> None:
    body = b"payload=" + b"x" * 2000
    async with aiohttp.ClientSession() as http:
        while True:
            async with http.post(f"{world.bot_url}/slack/events", data=body) as answer:
                answers.append(answer.status)
