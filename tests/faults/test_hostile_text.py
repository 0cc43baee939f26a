"""Hostile text is stored unchanged, runs no database query and notifies nobody."""

import json

import pytest

from tests.faults.forged_requests import (
    button_press_payload,
    check_final_tickets,
    fill_in_ticket_form,
    interactive_body,
    last_delivery,
    only_ticket,
    post_to_bot,
    send_as_slack,
    signed_headers,
    submission_payload,
)
from tests.faults.invariants import check_invariants
from tests.faults.ticket_lifecycle import ProxiedWorld, claim_ticket, submit_ticket
from tests.stories.user_actions import set_role_and_skills

HOSTILE = {
    "a NUL": "VPN\x00 is down",
    "half a character": "VPN \ud800is down",
    "right to left": "VPN \u202eis down\u202c \u05d0\u05d1",
    "combining marks": "VPN" + "\u0301" * 147,
    "mentions": "<!channel> <!here> <@U0000000> <!subteam^S1> vpn",
    "an emoji of many": "VPN 👩‍👩‍👧‍👦 🏴󠁧󠁢󠁳󠁣󠁴󠁿",
}


@pytest.mark.long
@pytest.mark.fault("F18")
async def test_hostile_text_is_stored_without_nul_and_surrogates(
    proxied_world: ProxiedWorld,
) -> None:
    world, ada = proxied_world.world, proxied_world.world.personas.ada
    text_by_ticket = {}
    # The worker must not start before a ticket has its hostile text.
    world.worker.suspend()
    for name, text in HOSTILE.items():
        await ada.type_text("/ticket")
        # Invariant I2 needs a submission from Slack for each ticket, so a harmless one comes first.
        await send_as_slack(ada, submission_payload(ada, title="VPN"))
        payload = submission_payload(ada, title=text, description=text * 10)
        body = interactive_body(payload)
        answer = await post_to_bot(world, body, signed_headers(world, body))
        assert answer.receipt_ticket_id, (name, answer)
        text_by_ticket[answer.receipt_ticket_id] = text
        await ada.close_modal()

    world.worker.resume()
    await check_final_tickets(proxied_world, *text_by_ticket)
    for ticket in await world.find_documents("tickets"):
        expected = text_by_ticket[ticket["_id"]].replace("\x00", "").replace("\ud800", "")
        assert (ticket["title"], ticket["description"]) == (expected, (expected * 10).strip())
    assert not [
        text for text in await _message_texts(proxied_world) if "<!" in text or "<@U000" in text
    ]


async def _message_texts(proxied_world: ProxiedWorld) -> list[str]:
    people = proxied_world.world.slack.people
    return [message.text for person in people for message in person.messages]


@pytest.mark.long
@pytest.mark.fault("F18")
@pytest.mark.parametrize(
    ("field", "text"),
    [("description", "x" * 40_000), ("title", "x" * 40_000), ("title", "a" + "\u0301" * 10_000)],
)
async def test_too_long_text_is_an_error_at_its_field(
    proxied_world: ProxiedWorld, field: str, text: str
) -> None:
    ada = proxied_world.world.personas.ada
    await fill_in_ticket_form(ada)

    answer = await send_as_slack(ada, submission_payload(ada, **{field: text}))

    assert answer.body["response_action"] == "errors"
    assert f"has {len(text)} characters" in answer.body["errors"][field]
    await check_final_tickets(proxied_world)


OPERATORS = ('{"$gt": ""}', "$where: sleep(9)", "^(a+)+$", "$$NOW", "a" * 100 + "!", "'; drop --")


@pytest.mark.long
@pytest.mark.fault("F87")
async def test_operators_and_patterns_are_treated_as_text(proxied_world: ProxiedWorld) -> None:
    world, cast = proxied_world.world, proxied_world.world.personas
    stored = []
    for text in OPERATORS:
        await cast.ada.type_text(f"/ticket {text}")
        answer = await send_as_slack(cast.ada, submission_payload(cast.ada, description=text))
        stored.append((answer.receipt_ticket_id, text))
        await cast.ada.close_modal()
    documents = await world.find_documents("tickets")
    assert {(t["_id"], t["description"]) for t in documents} == set(stored)

    skills = ["{$gt: 1}", "c.*", "(a+)+$ again"]
    await set_role_and_skills(world.slack, cast.grace, cast.mo, role="Moderator", skills=[])
    payload = json.loads(json.dumps(last_delivery(world, "view_submission").request))
    values = payload["view"]["state"]["values"]
    new_skills_block = next(block for block in values if block.startswith("new_skills"))
    values[new_skills_block]["value"]["value"] = ", ".join(skills)
    assert (await send_as_slack(cast.grace, payload)).status == 200
    member = await world.database.members.find_one({"slack_id": cast.mo.id})
    assert member
    assert member["skills"] == skills
    await proxied_world.wait_until_no_pending_steps()
    await check_invariants(world)


@pytest.mark.long
@pytest.mark.fault("F87")
async def test_object_instead_of_text_runs_no_query(
    proxied_world: ProxiedWorld,
) -> None:
    world, bob = proxied_world.world, proxied_world.world.personas.bob
    await submit_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()
    await claim_ticket(proxied_world)
    await proxied_world.wait_until_no_pending_steps()
    before = await only_ticket(world)

    for value in ({"$gt": ""}, ["T-1"], None, 5, {"$ne": before["_id"]}):
        assert (
            await send_as_slack(
                bob, await button_press_payload(world, bob, "resolve_ticket", value)
            )
        ).status
    await world.personas.ada.type_text("/ticket")
    for value in ({"$gt": ""}, 5, True):
        answer = await send_as_slack(
            world.personas.ada, submission_payload(world.personas.ada, title=value)
        )
        assert answer.body["response_action"] == "errors"

    assert await only_ticket(world) == before
    assert "Traceback" not in world.bot.current_run_log
    await check_invariants(world)
