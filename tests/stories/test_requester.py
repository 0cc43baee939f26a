"""An employee and the form: what is typed is never lost, and each error says what to do."""

import asyncio
import json
import urllib.parse
from typing import Any

import pytest

from sandbox.slack.state.faults import Fault
from sandbox.world.personas import Personas
from sandbox.world.world import World
from tests.stories.conftest import HTTP_ONLY
from tests.stories.user_actions import open_ticket, receipt_ticket_id


async def test_an_error_stands_at_its_field_and_nothing_typed_is_lost(world: World) -> None:
    ada = world.personas.ada
    await ada.type_text("/ticket 🔥🔥")
    await ada.fill("Description", "It burns.")

    await ada.submit_modal()

    assert ada.modal
    assert ada.modal.errors == {"Title": "Please say in a few words what it is about."}
    assert ada.modal.values["Title"] == "🔥🔥"
    assert ada.modal.values["Description"] == "It burns."
    await ada.fill("Title", "Printer on fire")
    await ada.submit_modal()
    assert receipt_ticket_id(ada) == "T-1"


@pytest.mark.fault("F01", "F81")
async def test_one_submission_delivered_three_times_opens_one_ticket(world: World) -> None:
    ada = world.personas.ada
    await open_ticket(ada, "VPN is down")
    [sent] = world.slack.traffic_log.deliveries("view_submission")

    acks = await asyncio.gather(*(world.slack.resend(sent) for _ in range(3)))

    titles = [ack.body["view"]["title"]["text"] for ack in acks if isinstance(ack.body, dict)]
    assert titles == ["Ticket T-1"] * 3
    assert len(await world.find_documents("tickets")) == 1


@HTTP_ONLY
async def test_the_form_opens_though_mongodb_stands_still(world: World) -> None:
    ada = world.personas.ada
    world.servers.mongodb.suspend()

    await ada.type_text("/ticket my vpn is down")

    assert ada.modal
    assert ada.modal.values["Title"] == "my vpn is down"
    assert ada.alerts == []


@pytest.mark.fault("F03", "F04", "F05")
@pytest.mark.parametrize("away", ["frozen", "dead"])
async def test_mongodb_is_away_during_a_submission(world: World, away: str) -> None:
    ada, mongo = world.personas.ada, world.servers.mongodb
    await ada.type_text("/ticket my vpn is down")
    await ada.fill("Description", f"MongoDB is {away}")
    if away == "dead":
        await mongo.kill()
    else:
        mongo.suspend()

    await ada.submit_modal()

    assert ada.modal
    assert ada.alerts == []
    assert "Press Submit again: you will get one ticket" in ada.modal.errors["Title"]
    assert ada.modal.values["Description"] == f"MongoDB is {away}"

    if away == "dead":
        await mongo.start()
    mongo.resume()
    await _submits_until_it_is_stored(world)

    number = receipt_ticket_id(ada)
    stored = [t for t in await world.find_documents("tickets") if t["description"].endswith(away)]
    assert [ticket["_id"] for ticket in stored] == [number]


async def _submits_until_it_is_stored(world: World) -> None:
    """As Ada would: press again while the form says so; the bot's connections need a moment."""
    ada = world.personas.ada
    for _ in range(5):
        await ada.submit_modal()
        if ada.modal and not ada.modal.errors:
            return


@pytest.mark.fault("F07")
@HTTP_ONLY
async def test_redis_is_away_during_a_submission(world: World, personas: Personas) -> None:
    await world.servers.redis.kill()

    await open_ticket(personas.ada, "VPN is down")
    await world.servers.redis.start()

    assert await personas.bob.wait_for_message("VPN is down", timeout_seconds=20)


@pytest.mark.fault("F18")
async def test_text_that_is_too_long_for_the_form_comes_back(world: World) -> None:
    ada = world.personas.ada
    novel = "The printer <!channel> jams. " * 1380

    await ada.type_text(f"/ticket {novel}")

    assert ada.modal
    description = ada.modal.values["Description"]
    assert isinstance(description, str)
    assert len(description) == 3000
    await ada.wait_for_ephemeral("to copy it from")
    assert await world.slack.wait_until(
        lambda: _all_of(novel, [one.visible_text for one in ada.ephemeral_messages])
    )
    assert ada.alerts == []


def _all_of(text: str, pieces: list[str]) -> bool:
    """Whether the pieces together hold the whole text, but for words cut in two."""
    return sum(piece.count("jams.") for piece in pieces) >= text.count("jams.") - len(pieces)


@pytest.mark.fault("F12")
@HTTP_ONLY
async def test_a_form_that_slack_does_not_open_gives_the_text_back(world: World) -> None:
    ada = world.personas.ada
    world.slack.faults.add("views.open", Fault(error="expired_trigger_id"), times=1)

    await ada.type_text("/ticket my vpn is `down`")

    assert ada.modal is None
    whisper = await ada.wait_for_ephemeral("Please try again")
    assert "my vpn is `down`" in whisper.visible_text


@pytest.mark.fault("F18")
@HTTP_ONLY
async def test_hostile_words_are_shown_as_words(world: World, personas: Personas) -> None:
    hostile = "<!channel> <@U0000000> *bold* `code` <https://evil.example|click> vpn &amp;"
    await open_ticket(personas.ada, hostile, description=f"{hostile}\n```{hostile}```")

    card = await personas.bob.wait_for_message("Offered to you")
    mine = await personas.ada.wait_for_message("Offered to")

    for shown in (card, mine):
        assert hostile in shown.visible_text
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

    await stranger.type_text("/ticket let me in")

    assert stranger.modal is None
    assert await stranger.wait_for_ephemeral("only open to people of Acme")
    teams = {member["team_id"] for member in await world.find_documents("members")}
    assert stranger.member.team_id not in teams


@pytest.mark.fault("F80", "F92")
@HTTP_ONLY
@pytest.mark.parametrize(
    "case", ["unsigned", "another secret", "changed body", "old", "garbage", "too large"]
)
async def test_what_slack_did_not_sign_is_kept_out(world: World, case: str) -> None:
    body, headers = _forged(world, case)

    ack = await world.slack.send_raw(body, headers)

    assert ack.status == (413 if case == "too large" else 401)
    assert await world.find_documents("tickets") == []
    assert "Traceback" not in world.bot.current_run_log
    assert "forged title" not in world.bot.current_run_log


def _forged(world: World, case: str) -> tuple[bytes, dict[str, str]]:
    body = b"payload=" + urllib.parse.quote(json.dumps(_submission("forged title"))).encode()
    signed = world.slack.signature_headers(body)
    match case:
        case "unsigned":
            return body, {"Content-Type": "application/x-www-form-urlencoded"}
        case "another secret":
            return body, signed | {"X-Slack-Signature": "v0=" + "0" * 64}
        case "changed body":
            return body + b"x", signed
        case "old":
            return body, world.slack.signature_headers(body, timestamp=1_700_000_000)
        case "garbage":
            return b"\xff\xfe{", signed | {"X-Slack-Request-Timestamp": "soon"}
        case _:
            return body + b"x" * 1_000_000, signed


def _submission(title: str) -> dict[str, Any]:
    return {"type": "view_submission", "view": {"id": "V1", "callback_id": title}}


@pytest.mark.fault("F54", "F83")
@HTTP_ONLY
async def test_a_button_nobody_knows_is_answered_kindly(world: World, personas: Personas) -> None:
    await open_ticket(personas.ada, "VPN is down")
    card = await personas.bob.wait_for_message("Offered to you")
    await personas.bob.click(card, "Claim")
    sent = world.slack.traffic_log.deliveries("block_actions")[-1]
    payload = world.slack.entry_payload(sent)
    payload["actions"][0]["action_id"] = "make_tea"

    await _delivers(world, payload)

    assert await personas.bob.wait_for_ephemeral("is not part of this version")
    assert "Traceback" not in world.bot.current_run_log


@pytest.mark.fault("F83", "F86")
@HTTP_ONLY
@pytest.mark.parametrize("value", ["", "T-1", "T-9:1", "T-1:-5", "T-1:99999999999", "x:y:z", "{}"])
async def test_a_forged_value_changes_nothing(world: World, personas: Personas, value: str) -> None:
    await open_ticket(personas.ada, "VPN is down")
    card = await personas.bob.wait_for_message("Offered to you")
    await personas.bob.click(card, "Decline")
    await personas.eve.wait_for_message("Offered to you")
    [before] = await world.find_documents("tickets")
    payload = world.slack.entry_payload(world.slack.traffic_log.deliveries("block_actions")[-1])
    payload["actions"][0] |= {"action_id": "claim_ticket", "value": value}

    await _delivers(world, payload)

    assert await personas.bob.wait_for_ephemeral("")
    [after] = await world.find_documents("tickets")
    assert (after["assignee"], after["version"]) == (before["assignee"], before["version"])
    assert "Traceback" not in world.bot.current_run_log


async def _delivers(world: World, payload: dict[str, Any]) -> None:
    """What a client that was tampered with would have Slack send."""
    body = f"payload={urllib.parse.quote(json.dumps(payload))}".encode()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    await world.slack.send_raw(body, world.slack.signature_headers(body) | form)


@pytest.mark.fault("F05")
async def test_the_desk_works_on_when_mongodb_comes_back(world: World, personas: Personas) -> None:
    await world.servers.mongodb.kill()
    await personas.ada.type_text("/ticket my vpn is down")
    await personas.ada.submit_modal()
    await world.servers.mongodb.start()

    await _submits_until_it_is_stored(world)

    assert await personas.bob.wait_for_message("my vpn is down", timeout_seconds=30)
    assert "Traceback" not in world.worker.current_run_log
