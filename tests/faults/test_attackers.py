"""Whoever forges, replays, floods or writes into Redis gets nothing that is not theirs."""

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


async def has_role(world: World, person: Person, role: str) -> None:
    """Written past the desk, as it looks when a role and a click cross."""
    await world.database.members.update_one({"slack_id": person.id}, {"$set": {"role": role}})


def unsigned(world: World, body: bytes) -> list[dict[str, str]]:
    """Headers with which Slack would not send these bytes now."""
    now, good = int(time.time()), signed_headers(world, body)
    return [
        {},
        {"Content-Type": FORM_CONTENT_TYPE},
        {"Content-Type": "application/json"},
        signed_headers(world, body, timestamp=now - 301),
        signed_headers(world, body, timestamp=now + 301),
        signed_headers(world, body + b"x"),
        {name: value for name, value in good.items() if name != TIMESTAMP},
        {name: value for name, value in good.items() if name != SIGNATURE},
        good | {TIMESTAMP: "abc"},
        good | {SIGNATURE: "v0=é"},
        good | {SIGNATURE: good[SIGNATURE].replace("v0", "v1")},
    ]


@pytest.mark.long
@pytest.mark.fault("F80", "F92")
async def test_what_slack_did_not_sign_is_neither_stored_nor_logged(
    proxied_world: ProxiedWorld,
) -> None:
    world, ada = proxied_world.world, proxied_world.world.personas.ada
    await ada.type_text(f"/ticket {TITLE}")
    body = interactive_body(submission_payload(ada, title=TELLTALE, description=TELLTALE))

    for headers in unsigned(world, body):
        answer = await post_to_bot(world, body, headers)
        assert (answer.status, TELLTALE in str(answer.body)) == (401, False), headers
    large = io.BytesIO(body * (10 * _MEGABYTE // len(body)))
    assert (await post_to_bot(world, large, signed_headers(world, body))).status == 413

    await nothing_came_of_it(world)


SPOILT = (
    b"payload=%s&payload=%%7B%%7D",
    b"payload=%%7B%%22type%%22%%3A%%22view_submission%%22%%7D&%s",
    b"payload=[1]&x=%s",
    b"payload=null&x=%s",
    b'{"type": "%s"}',
    b"\xff\xfe%s",
)


@pytest.mark.long
@pytest.mark.fault("F80", "F92")
async def test_what_slack_would_not_send_is_refused_though_it_is_signed(
    proxied_world: ProxiedWorld,
) -> None:
    for spoilt in SPOILT:
        body = spoilt % TELLTALE.encode()
        answer = await post_to_bot(
            proxied_world.world, body, signed_headers(proxied_world.world, body)
        )
        assert answer.status in {200, 400, 401, 404}, (body, answer)
        assert TELLTALE not in str(answer.body)

    await nothing_came_of_it(proxied_world.world)


async def nothing_came_of_it(world: World) -> None:
    """Nothing is stored, and nothing of what was sent is in the log."""
    assert await world.find_documents("tickets") == []
    assert TELLTALE not in world.bot.log
    assert "Traceback" not in world.bot.current_run_log
    await check_invariants(world)


@pytest.mark.long
@pytest.mark.fault("F81")
async def test_every_request_of_a_ticket_sent_again_at_the_end_changes_nothing(
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
    sent: list[TrafficEntry] = world.slack.traffic_log.deliveries("view_submission")
    sent += world.slack.traffic_log.deliveries("block_actions")
    assert len(sent) >= 4

    acks = [await world.slack.resend(entry) for entry in sent for _ in range(2)]

    assert all(ack.ok for ack in acks)
    await proxied_world.wait_until_no_pending_steps()
    after = await only_ticket(world)
    assert after["history"] == before["history"]
    assert len(world.mail.inbox) == before["offers"]
    await check_invariants(world)


@pytest.mark.long
@pytest.mark.fault("F82")
async def test_an_admins_id_in_another_workspaces_request_has_no_authority(
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
    members = len(await world.find_documents("members"))

    for stranger in ({"team_id": "T0OTHER01"}, {"team_id": ""}):
        forged = await button_press_payload(world, cast.grace, "claim_ticket", value)
        forged["user"] |= stranger
        forged["team"] = {"id": "T0OTHER01", "domain": "other"}
        assert (await send_as_slack(cast.grace, forged)).status == 200

    await proxied_world.wait_until_no_pending_steps()
    assert await only_ticket(world) == before
    assert len(await world.find_documents("members")) == members
    await check_invariants(world)


@pytest.mark.long
@pytest.mark.fault("F83")
async def test_a_form_that_says_it_is_the_admins_gives_nobody_a_role(
    proxied_world: ProxiedWorld,
) -> None:
    world, ada, mo = (
        proxied_world.world,
        proxied_world.world.personas.ada,
        proxied_world.world.personas.mo,
    )
    await set_role_and_skills(world.slack, world.personas.grace, mo, role="User", skills=[])
    saved = json.loads(json.dumps(last_delivery(world, "view_submission").request))
    assert ada.modal is None
    before = await world.find_documents("members")
    chosen = {"type": "static_select", "selected_option": {"value": "admin"}}
    for block, value in (
        ("person", {"pick_person": {"type": "users_select", "selected_user": ada.id}}),
        (f"role:{ada.id}", {"value": chosen}),
        (f"skills:{ada.id}", {"value": {"selected_options": []}}),
    ):
        saved["view"]["state"]["values"][block] = value
    saved["view"]["private_metadata"] = json.dumps(
        {"role": "admin", "user": world.personas.grace.id}
    )
    saved["user"] |= {"id": ada.id, "username": ada.handle, "name": ada.handle}

    assert (await send_as_slack(ada, saved)).status == 200
    for action_id in ("pick_person", "watch_desk", "replay_steps", "take_up_tickets"):
        picks = {"type": "block_actions", "actions": [{"action_id": action_id, "type": "button"}]}
        assert (await send_as_slack(ada, saved | picks)).status == 200

    roles = {member["slack_id"]: member["role"] for member in await world.find_documents("members")}
    assert roles == {m["slack_id"]: m["role"] for m in before} | {ada.id: "user"}
    await check_invariants(world)


@pytest.mark.long
@pytest.mark.fault("F52", "F85")
async def test_a_card_is_refused_from_the_moment_on_at_which_the_role_is_lost(
    proxied_world: ProxiedWorld,
) -> None:
    world, bob = proxied_world.world, proxied_world.world.personas.bob
    await submit_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()
    card = await bob.wait_for_message("Offered to you")
    before = await only_ticket(world)

    await has_role(world, bob, "user")
    await bob.click(card, "Claim")
    assert await bob.wait_for_ephemeral("You can't do that")
    await bob.click(card, "Decline")
    assert await only_ticket(world) == before

    await has_role(world, bob, "moderator")
    await claim_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()
    await check_invariants(world)


@pytest.mark.long
@pytest.mark.fault("F86")
async def test_somebody_elses_ticket_is_to_a_stranger_as_if_there_were_none(
    proxied_world: ProxiedWorld,
) -> None:
    world, mo = proxied_world.world, proxied_world.world.personas.mo
    await submit_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()
    await claim_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()
    before = await only_ticket(world)
    moves = ("claim", "decline", "release", "resolve", "reopen")

    async def told(value: str) -> list[str]:
        said = world.slack.traffic_log.api_calls
        heard = len(said("response_url"))
        for move in moves:
            await send_as_slack(mo, await button_press_payload(world, mo, f"{move}_ticket", value))
        await world.slack.wait_until(lambda: len(said("response_url")) == heard + len(moves))
        return sorted(call.request["text"] for call in said("response_url")[heard:])

    about_hers = await told(f"{before['_id']}:{before['version']}")
    about_none = await told(f"T-999:{before['version']}")

    assert about_hers == about_none
    assert mo.messages == []
    await proxied_world.wait_until_no_pending_steps()
    assert await only_ticket(world) == before
    await check_invariants(world)


@pytest.mark.long
@pytest.mark.fault("F89")
async def test_a_flood_of_unsigned_requests_holds_nobody_up(proxied_world: ProxiedWorld) -> None:
    world = proxied_world.world
    world.worker.suspend()
    try:
        quiet = await _slowest_of_many(proxied_world)
        answers: list[int] = []
        flood = [asyncio.create_task(_floods(world, answers)) for _ in range(16)]
        loud = await _slowest_of_many(proxied_world)
        for task in flood:
            task.cancel()
        await asyncio.gather(*flood, return_exceptions=True)
        assert set(answers) == {401}
        assert len(answers) > 100
        # Whoever sends the flood has a part of the same two processors.
        assert loud < 20 * quiet, f"{quiet:.3f} s without, {loud:.3f} s with {len(answers)}"
        assert proxied_world.world.personas.ada.alerts == []
        await check_invariants(world)
    finally:
        await world.reset()
        world.worker.resume()


async def _slowest_of_many(proxied_world: ProxiedWorld, many: int = 50) -> float:
    """How long somebody waits for a receipt, at worst."""
    ada, took = proxied_world.world.personas.ada, []
    for _ in range(many):
        await ada.type_text(f"/ticket {TITLE}")
        payload, begun = submission_payload(ada), time.monotonic()
        assert (await send_as_slack(ada, payload)).receipt_ticket_id
        took.append(time.monotonic() - begun)
        await ada.close_modal()
    return sorted(took)[-2]


async def _floods(world: World, answers: list[int]) -> None:
    body = b"payload=" + b"x" * 2000
    async with aiohttp.ClientSession() as http:
        while True:
            async with http.post(f"{world.bot_url}/slack/events", data=body) as answer:
                answers.append(answer.status)
