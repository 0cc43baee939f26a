"""An employee and the form: what is typed is never lost, and each error says what to do."""

import asyncio
import json
import urllib.parse
from typing import Any

import pytest

from sandbox.cast import Cast
from sandbox.slack.faults import Fault
from sandbox.world import World
from tests.stories.acts import opens_ticket, receipt_of
from tests.stories.conftest import HTTP_ONLY


async def test_an_error_stands_at_its_field_and_nothing_typed_is_lost(world: World) -> None:
    ada = world.cast.ada
    await ada.types("/ticket 🔥🔥")
    await ada.fills("Description", "It burns.")

    await ada.submits()

    assert ada.modal
    assert ada.modal.errors == {"Title": "Please say in a few words what it is about."}
    assert ada.modal.values["Title"] == "🔥🔥"
    assert ada.modal.values["Description"] == "It burns."
    await ada.fills("Title", "Printer on fire")
    await ada.submits()
    assert receipt_of(ada) == "T-1"


@pytest.mark.fault("F01", "F81")
async def test_one_submission_delivered_three_times_opens_one_ticket(world: World) -> None:
    ada = world.cast.ada
    await opens_ticket(ada, "VPN is down")
    [sent] = world.slack.journal.deliveries("view_submission")

    acks = await asyncio.gather(*(world.slack.redeliver(sent) for _ in range(3)))

    titles = [ack.body["view"]["title"]["text"] for ack in acks if isinstance(ack.body, dict)]
    assert titles == ["Ticket T-1"] * 3
    assert len(await world.documents("tickets")) == 1


@HTTP_ONLY
async def test_the_form_opens_though_mongodb_stands_still(world: World) -> None:
    ada = world.cast.ada
    world.servers.mongo.freeze()

    await ada.types("/ticket my vpn is down")

    assert ada.modal
    assert ada.modal.values["Title"] == "my vpn is down"
    assert ada.alerts == []


@pytest.mark.fault("F03", "F04", "F05")
@pytest.mark.parametrize("away", ["frozen", "dead"])
async def test_mongodb_is_away_during_a_submission(world: World, away: str) -> None:
    ada, mongo = world.cast.ada, world.servers.mongo
    await ada.types("/ticket my vpn is down")
    await ada.fills("Description", f"MongoDB is {away}")
    if away == "dead":
        await mongo.kill()
    else:
        mongo.freeze()

    await ada.submits()

    assert ada.modal
    assert ada.alerts == []
    assert "Press Submit again: you will get one ticket" in ada.modal.errors["Title"]
    assert ada.modal.values["Description"] == f"MongoDB is {away}"

    if away == "dead":
        await mongo.start()
    mongo.thaw()
    await _submits_until_it_is_stored(world)

    number = receipt_of(ada)
    stored = [t for t in await world.documents("tickets") if t["description"].endswith(away)]
    assert [ticket["_id"] for ticket in stored] == [number]


async def _submits_until_it_is_stored(world: World) -> None:
    """As Ada would: press again while the form says so; the bot's connections need a moment."""
    ada = world.cast.ada
    for _ in range(5):
        await ada.submits()
        if ada.modal and not ada.modal.errors:
            return


@pytest.mark.fault("F07")
@HTTP_ONLY
async def test_redis_is_away_during_a_submission(world: World, cast: Cast) -> None:
    await world.servers.redis.kill()

    await opens_ticket(cast.ada, "VPN is down")
    await world.servers.redis.start()

    assert await cast.bob.gets_message("VPN is down", timeout=20)


@pytest.mark.fault("F18")
async def test_text_that_is_too_long_for_the_form_comes_back(world: World) -> None:
    ada = world.cast.ada
    novel = "The printer <!channel> jams. " * 1380

    await ada.types(f"/ticket {novel}")

    assert ada.modal
    description = ada.modal.values["Description"]
    assert isinstance(description, str)
    assert len(description) == 3000
    await ada.gets_whisper("to copy it from")
    assert await world.slack.until(lambda: _all_of(novel, [one.says for one in ada.whispers]))
    assert ada.alerts == []


def _all_of(text: str, pieces: list[str]) -> bool:
    """Whether the pieces together hold the whole text, but for words cut in two."""
    return sum(piece.count("jams.") for piece in pieces) >= text.count("jams.") - len(pieces)


@pytest.mark.fault("F12")
@HTTP_ONLY
async def test_a_form_that_slack_does_not_open_gives_the_text_back(world: World) -> None:
    ada = world.cast.ada
    world.slack.faults.add("views.open", Fault(error="expired_trigger_id"), times=1)

    await ada.types("/ticket my vpn is `down`")

    assert ada.modal is None
    whisper = await ada.gets_whisper("Please try again")
    assert "my vpn is `down`" in whisper.says


@pytest.mark.fault("F18")
@HTTP_ONLY
async def test_hostile_words_are_shown_as_words(world: World, cast: Cast) -> None:
    hostile = "<!channel> <@U0000000> *bold* `code` <https://evil.example|click> vpn &amp;"
    await opens_ticket(cast.ada, hostile, description=f"{hostile}\n```{hostile}```")

    card = await cast.bob.gets_message("Offered to you")
    mine = await cast.ada.gets_message("Offered to")

    for shown in (card, mine):
        assert hostile in shown.says
        for parsed in [shown.text, *_mrkdwn(shown.blocks)]:
            assert "<!channel>" not in parsed
            assert "<@U0000000>" not in parsed
            assert "<https://evil.example" not in parsed


def _mrkdwn(shown: Any) -> list[str]:
    """Every text that Slack parses, wherever it stands."""
    if isinstance(shown, list):
        return [text for each in shown for text in _mrkdwn(each)]
    if not isinstance(shown, dict):
        return []
    if shown.get("type") == "mrkdwn":
        return [shown["text"]]
    return [text for each in shown.values() for text in _mrkdwn(each)]


@pytest.mark.fault("F82")
async def test_a_person_of_another_workspace_is_told_so(world: World) -> None:
    stranger = world.slack.add_person(
        "zed", real_name="Zed", email="zed@other.example", team_id="T0OTHER01"
    )

    await stranger.types("/ticket let me in")

    assert stranger.modal is None
    assert await stranger.gets_whisper("serves the people of Acme only")
    teams = {member["team_id"] for member in await world.documents("members")}
    assert stranger.member.team_id not in teams


@pytest.mark.fault("F80", "F92")
@HTTP_ONLY
@pytest.mark.parametrize(
    "case", ["unsigned", "another secret", "changed body", "old", "garbage", "too large"]
)
async def test_what_slack_did_not_sign_is_kept_out(world: World, case: str) -> None:
    body, headers = _forged(world, case)

    ack = await world.slack.deliver_raw(body, headers)

    assert ack.status == (413 if case == "too large" else 401)
    assert await world.documents("tickets") == []
    assert "Traceback" not in world.bot.log_of_this_run
    assert "forged title" not in world.bot.log_of_this_run


def _forged(world: World, case: str) -> tuple[bytes, dict[str, str]]:
    body = b"payload=" + urllib.parse.quote(json.dumps(_submission("forged title"))).encode()
    signed = world.slack.sign(body)
    match case:
        case "unsigned":
            return body, {"Content-Type": "application/x-www-form-urlencoded"}
        case "another secret":
            return body, signed | {"X-Slack-Signature": "v0=" + "0" * 64}
        case "changed body":
            return body + b"x", signed
        case "old":
            return body, world.slack.sign(body, timestamp=1_700_000_000)
        case "garbage":
            return b"\xff\xfe{", signed | {"X-Slack-Request-Timestamp": "soon"}
        case _:
            return body + b"x" * 1_000_000, signed


def _submission(title: str) -> dict[str, Any]:
    return {"type": "view_submission", "view": {"id": "V1", "callback_id": title}}


@pytest.mark.fault("F54", "F83")
@HTTP_ONLY
async def test_a_button_nobody_knows_is_answered_kindly(world: World, cast: Cast) -> None:
    await opens_ticket(cast.ada, "VPN is down")
    card = await cast.bob.gets_message("Offered to you")
    await cast.bob.clicks(card, "Claim")
    sent = world.slack.journal.deliveries("block_actions")[-1]
    payload = world.slack.payload_of(sent)
    payload["actions"][0]["action_id"] = "make_tea"

    await _delivers(world, payload)

    assert await cast.bob.gets_whisper("does nothing now")
    assert "Traceback" not in world.bot.log_of_this_run


@pytest.mark.fault("F83", "F86")
@HTTP_ONLY
@pytest.mark.parametrize("value", ["", "T-1", "T-9:1", "T-1:-5", "T-1:99999999999", "x:y:z", "{}"])
async def test_a_forged_value_changes_nothing(world: World, cast: Cast, value: str) -> None:
    await opens_ticket(cast.ada, "VPN is down")
    card = await cast.bob.gets_message("Offered to you")
    await cast.bob.clicks(card, "Decline")
    await cast.eve.gets_message("Offered to you")
    [before] = await world.documents("tickets")
    payload = world.slack.payload_of(world.slack.journal.deliveries("block_actions")[-1])
    payload["actions"][0] |= {"action_id": "claim_ticket", "value": value}

    await _delivers(world, payload)

    assert await cast.bob.gets_whisper("")
    [after] = await world.documents("tickets")
    assert (after["assignee"], after["version"]) == (before["assignee"], before["version"])
    assert "Traceback" not in world.bot.log_of_this_run


async def _delivers(world: World, payload: dict[str, Any]) -> None:
    """What a client that was tampered with would have Slack send."""
    body = f"payload={urllib.parse.quote(json.dumps(payload))}".encode()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    await world.slack.deliver_raw(body, world.slack.sign(body) | form)


@pytest.mark.fault("F05")
async def test_the_desk_works_on_when_mongodb_comes_back(world: World, cast: Cast) -> None:
    await world.servers.mongo.kill()
    await cast.ada.types("/ticket my vpn is down")
    await cast.ada.submits()
    await world.servers.mongo.start()

    await _submits_until_it_is_stored(world)

    assert await cast.bob.gets_message("my vpn is down", timeout=30)
    assert "Traceback" not in world.worker.log_of_this_run
