"""Whatever is typed is stored as it was typed, asks nothing of the database, and pings nobody."""

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
async def test_hostile_text_is_stored_exactly_but_for_what_no_store_takes(
    proxied_world: ProxiedWorld,
) -> None:
    world, ada = proxied_world.world, proxied_world.world.personas.ada
    numbers = {}
    # Nobody begins with a ticket before it says what it is to say.
    world.worker.suspend()
    for what, text in HOSTILE.items():
        await ada.type_text("/ticket")
        # Slack itself sends it first, so that there is a form for the ticket.
        await send_as_slack(ada, submission_payload(ada, title="VPN"))
        payload = submission_payload(ada, title=text, description=text * 10)
        body = interactive_body(payload)
        answer = await post_to_bot(world, body, signed_headers(world, body))
        assert answer.receipt_ticket_id, (what, answer)
        numbers[answer.receipt_ticket_id] = text
        await ada.close_modal()

    world.worker.resume()
    await check_final_tickets(proxied_world, *numbers)
    for ticket in await world.find_documents("tickets"):
        kept = numbers[ticket["_id"]].replace("\x00", "").replace("\ud800", "")
        assert (ticket["title"], ticket["description"]) == (kept, (kept * 10).strip())
    assert not [
        one for one in await _parsed_by_slack(proxied_world) if "<!" in one or "<@U000" in one
    ]


async def _parsed_by_slack(proxied_world: ProxiedWorld) -> list[str]:
    people = proxied_world.world.slack.people
    return [message.text for person in people for message in person.messages]


@pytest.mark.long
@pytest.mark.fault("F18")
@pytest.mark.parametrize(
    ("field", "text"),
    [("description", "x" * 40_000), ("title", "x" * 40_000), ("title", "a" + "\u0301" * 10_000)],
)
async def test_text_that_is_too_long_is_an_error_at_its_field(
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
async def test_operators_and_patterns_are_taken_as_words(proxied_world: ProxiedWorld) -> None:
    world, cast = proxied_world.world, proxied_world.world.personas
    stored = []
    for words in OPERATORS:
        await cast.ada.type_text(f"/ticket {words}")
        answer = await send_as_slack(cast.ada, submission_payload(cast.ada, description=words))
        stored.append((answer.receipt_ticket_id, words))
        await cast.ada.close_modal()
    documents = await world.find_documents("tickets")
    assert {(t["_id"], t["description"]) for t in documents} == set(stored)

    skills = ["{$gt: 1}", "c.*", "(a+)+$ again"]
    await set_role_and_skills(world.slack, cast.grace, cast.mo, role="Moderator", skills=[])
    payload = json.loads(json.dumps(last_delivery(world, "view_submission").request))
    values = payload["view"]["state"]["values"]
    new = next(block for block in values if block.startswith("new_skills"))
    values[new]["value"]["value"] = ", ".join(skills)
    assert (await send_as_slack(cast.grace, payload)).status == 200
    found = await world.database.members.find_one({"slack_id": cast.mo.id})
    assert found
    assert found["skills"] == skills
    await proxied_world.wait_until_no_pending_steps()
    await check_invariants(world)


@pytest.mark.long
@pytest.mark.fault("F87")
async def test_an_object_where_a_word_should_be_asks_the_database_nothing(
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
