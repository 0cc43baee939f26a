"""Whatever is typed is stored as it was typed, asks nothing of the database, and pings nobody."""

import json

import pytest

from tests.faults.forging import (
    fills_form,
    interactive,
    interacts,
    last,
    only_ticket,
    posts,
    pressed_as,
    settled,
    signed,
    submission_of,
)
from tests.faults.invariants import check_invariants
from tests.faults.walking import Stage, claims, submits
from tests.stories.acts import gives

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
async def test_hostile_text_is_stored_exactly_but_for_what_no_store_takes(stage: Stage) -> None:
    world, ada = stage.world, stage.world.cast.ada
    numbers = {}
    # Nobody begins with a ticket before it says what it is to say.
    world.worker.freeze()
    for what, text in HOSTILE.items():
        await ada.types("/ticket")
        # Slack itself sends it first, so that there is a form for the ticket.
        await interacts(ada, submission_of(ada, title="VPN"))
        payload = submission_of(ada, title=text, description=text * 10)
        body = interactive(payload)
        answer = await posts(world, body, signed(world, body))
        assert answer.number, (what, answer)
        numbers[answer.number] = text
        await ada.closes()

    world.worker.thaw()
    await settled(stage, *numbers)
    for ticket in await world.documents("tickets"):
        kept = numbers[ticket["_id"]].replace("\x00", "").replace("\ud800", "")
        assert (ticket["title"], ticket["description"]) == (kept, (kept * 10).strip())
    assert not [one for one in await _parsed_by_slack(stage) if "<!" in one or "<@U000" in one]


async def _parsed_by_slack(stage: Stage) -> list[str]:
    people = stage.world.slack.people
    return [message.text for person in people for message in person.messages]


@pytest.mark.long
@pytest.mark.fault("F18")
@pytest.mark.parametrize(
    ("field", "text"),
    [("description", "x" * 40_000), ("title", "x" * 40_000), ("title", "a" + "\u0301" * 10_000)],
)
async def test_text_that_is_too_long_is_an_error_at_its_field(
    stage: Stage, field: str, text: str
) -> None:
    ada = stage.world.cast.ada
    await fills_form(ada)

    answer = await interacts(ada, submission_of(ada, **{field: text}))

    assert answer.body["response_action"] == "errors"
    assert f"has {len(text)} characters" in answer.body["errors"][field]
    await settled(stage)


OPERATORS = ('{"$gt": ""}', "$where: sleep(9)", "^(a+)+$", "$$NOW", "a" * 100 + "!", "'; drop --")


@pytest.mark.long
@pytest.mark.fault("F87")
async def test_operators_and_patterns_are_taken_as_words(stage: Stage) -> None:
    world, cast = stage.world, stage.world.cast
    stored = []
    for words in OPERATORS:
        await cast.ada.types(f"/ticket {words}")
        answer = await interacts(cast.ada, submission_of(cast.ada, description=words))
        stored.append((answer.number, words))
        await cast.ada.closes()
    documents = await world.documents("tickets")
    assert {(t["_id"], t["description"]) for t in documents} == set(stored)

    skills = ["{$gt: 1}", "c.*", "(a+)+$ again"]
    await gives(world.slack, cast.grace, cast.mo, role="Moderator", skills=[])
    payload = json.loads(json.dumps(last(world, "view_submission").request))
    values = payload["view"]["state"]["values"]
    new = next(block for block in values if block.startswith("new_skills"))
    values[new]["value"]["value"] = ", ".join(skills)
    assert (await interacts(cast.grace, payload)).status == 200
    found = await world.database.members.find_one({"slack_id": cast.mo.id})
    assert found
    assert found["skills"] == skills
    await stage.settles()
    await check_invariants(world)


@pytest.mark.long
@pytest.mark.fault("F87")
async def test_an_object_where_a_word_should_be_asks_the_database_nothing(stage: Stage) -> None:
    world, bob = stage.world, stage.world.cast.bob
    await submits(stage)
    await stage.settles()
    await claims(stage)
    await stage.settles()
    before = await only_ticket(world)

    for value in ({"$gt": ""}, ["T-1"], None, 5, {"$ne": before["_id"]}):
        assert (await interacts(bob, await pressed_as(world, bob, "resolve_ticket", value))).status
    await world.cast.ada.types("/ticket")
    for value in ({"$gt": ""}, 5, True):
        answer = await interacts(world.cast.ada, submission_of(world.cast.ada, title=value))
        assert answer.body["response_action"] == "errors"

    assert await only_ticket(world) == before
    assert "Traceback" not in world.bot.log_of_this_run
    await check_invariants(world)
