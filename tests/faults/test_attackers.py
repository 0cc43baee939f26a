"""Whoever forges, replays, floods or writes into Redis gets nothing that is not theirs."""

import asyncio
import io
import json
import time
from typing import Any

import aiohttp
import pytest

from sandbox.slack.journal import Entry
from sandbox.slack.person import Person
from sandbox.world import World
from tests.faults.forging import (
    FORM,
    interactive,
    interacts,
    last,
    posts,
    signed,
    submission_of,
)
from tests.faults.invariants import check_invariants
from tests.faults.walking import TITLE, Stage, claims, submits
from tests.stories.acts import gives

TELLTALE = "swordfish-in-the-request"
_MEGABYTE = 1_000_000


async def moderators_role(world: World, person: Person, role: str) -> None:
    """Written past the desk, as it looks when a role and a click cross."""
    await world.database.members.update_one({"slack_id": person.id}, {"$set": {"role": role}})


async def pressed_as(world: World, person: Person, action_id: str, value: object) -> dict[str, Any]:
    """What Slack would send if that person had been shown such a button on the last card."""
    payload = world.slack.payload_of(last(world, "block_actions"))
    payload = json.loads(json.dumps(payload))
    payload["user"] |= {"id": person.id, "username": person.handle, "name": person.handle}
    payload["actions"][0] |= {"action_id": action_id, "value": value}
    return dict(payload)


async def only_ticket(world: World) -> dict[str, Any]:
    """The only ticket, as it is stored."""
    [ticket] = await world.documents("tickets")
    return ticket


@pytest.mark.long
@pytest.mark.fault("F80", "F92")
async def test_what_slack_did_not_sign_or_would_not_send_stores_and_logs_nothing(
    stage: Stage,
) -> None:
    world, ada = stage.world, stage.world.cast.ada
    await ada.types(f"/ticket {TITLE}")
    payload = submission_of(ada, title=TELLTALE, description=TELLTALE)
    body = interactive(payload)
    now, good = int(time.time()), signed(world, body)
    signature, timestamp = "X-Slack-Signature", "X-Slack-Request-Timestamp"

    for headers, status in (
        ({}, 401),
        ({"Content-Type": FORM}, 401),
        ({"Content-Type": "application/json"}, 401),
        (signed(world, body, timestamp=now - 301), 401),
        (signed(world, body, timestamp=now + 301), 401),
        ({k: v for k, v in good.items() if k != timestamp}, 401),
        ({k: v for k, v in good.items() if k != signature}, 401),
        (good | {timestamp: "abc"}, 401),
        (good | {signature: "v0=é"}, 401),
        (good | {signature: good[signature].replace("v0", "v1")}, 401),
    ):
        answer = await posts(world, body, headers)
        assert (answer.status, TELLTALE in str(answer.body)) == (status, False), headers
    large = await posts(world, io.BytesIO(body * (10 * _MEGABYTE // len(body))), good)
    assert large.status == 413

    for spoilt, kind in (
        (b"payload=" + TELLTALE.encode() + b"&" + b"payload=%7B%7D", FORM),
        (b"payload=%7B%22type%22%3A%22view_submission%22%7D&" + TELLTALE.encode(), FORM),
        (b"payload=[1]&x=" + TELLTALE.encode(), FORM),
        (b"payload=null&x=" + TELLTALE.encode(), FORM),
        (b'{"type": "' + TELLTALE.encode() + b'"}', "application/json"),
        (b"\xff\xfe" + TELLTALE.encode(), FORM),
    ):
        answer = await posts(world, spoilt, signed(world, spoilt) | {"Content-Type": kind})
        assert answer.status in {200, 400, 401, 404}, (spoilt[:60], kind, answer)
        assert not answer.number

    assert await world.documents("tickets") == []
    assert TELLTALE not in world.bot.log
    assert "Traceback" not in world.bot.log_of_this_run
    await check_invariants(world)


@pytest.mark.long
@pytest.mark.fault("F81")
async def test_every_request_of_a_ticket_sent_again_at_the_end_changes_nothing(
    stage: Stage,
) -> None:
    world, cast = stage.world, stage.world.cast
    await submits(stage)
    await stage.settles()
    await claims(stage)
    await stage.settles()
    await cast.bob.clicks(await cast.bob.gets_message("You have it"), "Resolve")
    await stage.settles()
    await cast.ada.clicks(await cast.ada.gets_message("Did it help?"), "Reopen")
    await stage.settles()
    before = await only_ticket(world)
    sent: list[Entry] = world.slack.journal.deliveries("view_submission")
    sent += world.slack.journal.deliveries("block_actions")
    assert len(sent) >= 4

    acks = [await world.slack.redeliver(entry) for entry in sent for _ in range(2)]

    assert all(ack.ok for ack in acks)
    await stage.settles()
    after = await only_ticket(world)
    assert after["history"] == before["history"]
    assert len(world.mail.inbox) == before["offers"]
    await check_invariants(world)


@pytest.mark.long
@pytest.mark.fault("F82")
async def test_an_admins_id_in_another_workspaces_request_has_no_authority(stage: Stage) -> None:
    world, cast = stage.world, stage.world.cast
    await submits(stage)
    await stage.settles()
    card = await cast.bob.gets_message("Offered to you")
    await cast.bob.clicks(card, "Decline")
    await stage.settles()
    before = await only_ticket(world)
    value = f"{before['_id']}:{before['version']}"
    members = len(await world.documents("members"))

    for stranger in ({"team_id": "T0OTHER01"}, {"team_id": ""}):
        forged = await pressed_as(world, cast.grace, "claim_ticket", value)
        forged["user"] |= stranger
        forged["team"] = {"id": "T0OTHER01", "domain": "other"}
        assert (await interacts(cast.grace, forged)).status == 200

    await stage.settles()
    assert await only_ticket(world) == before
    assert len(await world.documents("members")) == members
    await check_invariants(world)


@pytest.mark.long
@pytest.mark.fault("F83")
async def test_a_form_that_says_it_is_the_admins_gives_nobody_a_role(stage: Stage) -> None:
    world, ada, mo = stage.world, stage.world.cast.ada, stage.world.cast.mo
    await gives(world.slack, world.cast.grace, mo, role="User", skills=[])
    saved = json.loads(json.dumps(last(world, "view_submission").request))
    assert ada.modal is None
    before = await world.documents("members")
    chosen = {"type": "static_select", "selected_option": {"value": "admin"}}
    for block, value in (
        ("person", {"pick_person": {"type": "users_select", "selected_user": ada.id}}),
        (f"role:{ada.id}", {"value": chosen}),
        (f"skills:{ada.id}", {"value": {"selected_options": []}}),
    ):
        saved["view"]["state"]["values"][block] = value
    saved["view"]["private_metadata"] = json.dumps({"role": "admin", "user": world.cast.grace.id})
    saved["user"] |= {"id": ada.id, "username": ada.handle, "name": ada.handle}

    assert (await interacts(ada, saved)).status == 200
    for action_id in ("pick_person", "watch_desk", "replay_steps", "take_up_tickets"):
        picks = {"type": "block_actions", "actions": [{"action_id": action_id, "type": "button"}]}
        assert (await interacts(ada, saved | picks)).status == 200

    roles = {member["slack_id"]: member["role"] for member in await world.documents("members")}
    assert roles == {m["slack_id"]: m["role"] for m in before} | {ada.id: "user"}
    await check_invariants(world)


@pytest.mark.long
@pytest.mark.fault("F52", "F85")
async def test_a_card_is_refused_from_the_moment_on_at_which_the_role_is_lost(
    stage: Stage,
) -> None:
    world, bob = stage.world, stage.world.cast.bob
    await submits(stage)
    await stage.settles()
    card = await bob.gets_message("Offered to you")
    before = await only_ticket(world)

    await moderators_role(world, bob, "user")
    await bob.clicks(card, "Claim")
    assert await bob.gets_whisper("You can't do that")
    await bob.clicks(card, "Decline")
    assert await only_ticket(world) == before

    await moderators_role(world, bob, "moderator")
    await claims(stage)
    await stage.settles()
    await check_invariants(world)


@pytest.mark.long
@pytest.mark.fault("F86")
async def test_somebody_elses_ticket_is_to_a_stranger_as_if_there_were_none(stage: Stage) -> None:
    world, mo = stage.world, stage.world.cast.mo
    await submits(stage)
    await stage.settles()
    await claims(stage)
    await stage.settles()
    before = await only_ticket(world)
    moves = ("claim", "decline", "release", "resolve", "reopen")

    async def told(value: str) -> list[str]:
        said = world.slack.journal.calls
        heard = len(said("response_url"))
        for move in moves:
            await interacts(mo, await pressed_as(world, mo, f"{move}_ticket", value))
        await world.slack.until(lambda: len(said("response_url")) == heard + len(moves))
        return sorted(call.request["text"] for call in said("response_url")[heard:])

    about_hers = await told(f"{before['_id']}:{before['version']}")
    about_none = await told(f"T-999:{before['version']}")

    assert about_hers == about_none
    assert mo.messages == []
    await stage.settles()
    assert await only_ticket(world) == before
    await check_invariants(world)


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


@pytest.mark.long
@pytest.mark.fault("F89")
async def test_a_flood_of_unsigned_requests_holds_nobody_up(stage: Stage) -> None:
    world = stage.world
    world.worker.freeze()
    try:
        quiet = await _slowest_of_many(stage)
        answers: list[int] = []
        flood = [asyncio.create_task(_floods(world, answers)) for _ in range(16)]
        loud = await _slowest_of_many(stage)
        for task in flood:
            task.cancel()
        await asyncio.gather(*flood, return_exceptions=True)
        assert set(answers) == {401}
        assert len(answers) > 100
        # Whoever sends the flood has a part of the same two processors.
        assert loud < 20 * quiet, f"{quiet:.3f} s without, {loud:.3f} s with {len(answers)}"
        assert stage.world.cast.ada.alerts == []
        await check_invariants(world)
    finally:
        await world.forget()
        world.worker.thaw()


async def _slowest_of_many(stage: Stage, many: int = 20) -> float:
    """How long somebody waits for a receipt, at worst."""
    ada, took = stage.world.cast.ada, []
    for _ in range(many):
        await ada.types(f"/ticket {TITLE}")
        payload, begun = submission_of(ada), time.monotonic()
        assert (await interacts(ada, payload)).number
        took.append(time.monotonic() - begun)
        await ada.closes()
    return sorted(took)[-2]


async def _floods(world: World, answers: list[int]) -> None:
    body = b"payload=" + b"x" * 2000
    async with aiohttp.ClientSession() as http:
        while True:
            async with http.post(f"{world.bot_url}/slack/events", data=body) as answer:
                answers.append(answer.status)


class Bomb:
    """Whoever unpickles it has run a command."""

    def __init__(self, path: str) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Any, tuple[str, str]]:
        return open, (self._path, "w")


def jobs(world: World, gone: str, mine: str) -> dict[str, bytes]:
    """What somebody who can write into Redis would write there, by job id."""
    import pickle

    bomb = pickle.dumps(Bomb(str(world.folder / "exploded")))
    good: dict[str, Any] = {"t": None, "f": "triage_ticket", "a": [gone], "k": {}, "et": 1}
    strange: dict[str, dict[str, Any]] = {
        "of nothing": good,
        "unknown": good | {"f": "os.system", "a": ["touch exploded"]},
        "dunder": good | {"f": "__class__"},
        "no name": good | {"f": ["triage_ticket"]},
        "no list": good | {"a": 5},
        "no object": good | {"k": [1]},
        "too many": good | {"a": [mine, mine]},
        "named": good | {"k": {"ctx": 1}},
        "no number": good | {"t": "many"},
        "no time": good | {"et": "now"},
        "endless": good | {"et": 1e400},
        "an operator": good | {"a": [{"$gt": ""}]},
    }
    return {
        "pickled": bomb,
        "garbage": b"\x80\x04\xff\x00",
        "empty": b"{}",
        "deep": b"[" * 200_000,
        "no job": b'"triage_ticket"',
        **{name: json.dumps(job).encode() for name, job in strange.items()},
    }


async def _all_are_taken(world: World) -> None:
    """Wait until the worker has dealt with what was written for it."""
    async with asyncio.timeout(20):
        while world.worker.alive:
            if not await world.redis.zrangebyscore("arq:queue", 1, 1):
                return
            # It can only be asked.
            await asyncio.sleep(0.1)


@pytest.mark.long
@pytest.mark.fault("F26", "F90")
async def test_what_somebody_writes_into_redis_runs_no_code_and_holds_nobody_up(
    stage: Stage,
) -> None:
    world = stage.world
    await submits(stage)
    await stage.settles()
    mine = (await only_ticket(world))["_id"]
    written = jobs(world, "T-999", mine)
    for name, job in written.items():
        await world.redis.set(f"arq:job:{name}", job)
        await world.redis.zadd("arq:queue", {name: 1})

    await _all_are_taken(world)
    assert world.worker.alive, world.worker.log_of_this_run[-1500:]
    await claims(stage)
    await stage.settles()

    assert not (world.folder / "exploded").exists()
    assert [name for name in written if await world.redis.exists(f"arq:job:{name}")] == []
    await check_invariants(world)
