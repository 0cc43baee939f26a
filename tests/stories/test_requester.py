"""A requester and the form: typed text is never lost, and each error says what to do."""

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


async def test_error_stands_under_its_field_and_keeps_the_text(world: World) -> None:
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
async def test_submission_delivered_three_times_opens_one_ticket(world: World) -> None:
    ada = world.personas.ada
    await open_ticket(ada, "VPN is down")
    [submission] = world.slack.traffic_log.deliveries("view_submission")

    acks = await asyncio.gather(*(world.slack.resend(submission) for _ in range(3)))

    titles = [ack.body["view"]["title"]["text"] for ack in acks if isinstance(ack.body, dict)]
    assert titles == ["Ticket T-1"] * 3
    assert len(await world.find_documents("tickets")) == 1


@HTTP_ONLY
async def test_form_opens_while_mongodb_is_frozen(world: World) -> None:
    ada = world.personas.ada
    world.servers.mongodb.suspend()

    await ada.type_text("/ticket my vpn is down")

    assert ada.modal
    assert ada.modal.values["Title"] == "my vpn is down"
    assert ada.alerts == []


@pytest.mark.fault("F03", "F04", "F05")
@pytest.mark.parametrize("outage", ["frozen", "dead"])
async def test_mongodb_is_down_during_a_submission(world: World, outage: str) -> None:
    ada, mongo = world.personas.ada, world.servers.mongodb
    await ada.type_text("/ticket my vpn is down")
    await ada.fill("Description", f"MongoDB is {outage}")
    if outage == "dead":
        await mongo.kill()
    else:
        mongo.suspend()

    await ada.submit_modal()

    assert ada.modal
    assert ada.alerts == []
    assert "Press Submit again: you will get one ticket" in ada.modal.errors["Title"]
    assert ada.modal.values["Description"] == f"MongoDB is {outage}"

    if outage == "dead":
        await mongo.start()
    mongo.resume()
    await _submit_until_stored(world)

    number = receipt_ticket_id(ada)
    tickets = await world.find_documents("tickets")
    stored_ids = [t["_id"] for t in tickets if t["description"].endswith(outage)]
    assert stored_ids == [number]


async def _submit_until_stored(world: World) -> None:
    """Press Submit again while the form asks for it: the bot reconnects within a few tries."""
    ada = world.personas.ada
    for _ in range(5):
        await ada.submit_modal()
        if ada.modal and not ada.modal.errors:
            return


@pytest.mark.fault("F07")
@HTTP_ONLY
async def test_redis_is_down_during_a_submission(world: World, personas: Personas) -> None:
    await world.servers.redis.kill()

    await open_ticket(personas.ada, "VPN is down")
    await world.servers.redis.start()

    assert await personas.bob.wait_for_message("VPN is down", timeout_seconds=20)


@pytest.mark.fault("F18")
async def test_text_too_long_for_the_form_comes_back(world: World) -> None:
    ada = world.personas.ada
    long_text = "The printer <!channel> jams. " * 1380

    await ada.type_text(f"/ticket {long_text}")

    assert ada.modal
    description = ada.modal.values["Description"]
    assert isinstance(description, str)
    assert len(description) == 3000
    await ada.wait_for_ephemeral("to copy it from")
    assert await world.slack.wait_until(
        lambda: _has_all_words(
            long_text, [message.visible_text for message in ada.ephemeral_messages]
        )
    )
    assert ada.alerts == []


def _has_all_words(text: str, pieces: list[str]) -> bool:
    """Whether the pieces together hold the whole text, except for words cut in two."""
    return sum(piece.count("jams.") for piece in pieces) >= text.count("jams.") - len(pieces)


@pytest.mark.fault("F12")
@HTTP_ONLY
async def test_text_comes_back_when_slack_does_not_open_the_form(world: World) -> None:
    ada = world.personas.ada
    world.slack.faults.add("views.open", Fault(error="expired_trigger_id"), times=1)

    await ada.type_text("/ticket my vpn is `down`")

    assert ada.modal is None
    answer = await ada.wait_for_ephemeral("Please try again")
    assert "my vpn is `down`" in answer.visible_text


@pytest.mark.fault("F18")
@HTTP_ONLY
async def test_hostile_text_is_shown_as_text(world: World, personas: Personas) -> None:
    hostile = "<!channel> <@U0000000> *bold* `code` <https://evil.example|click> vpn &amp;"
    await open_ticket(personas.ada, hostile, description=f"{hostile}\n```{hostile}```")

    card = await personas.bob.wait_for_message("Offered to you")
    adas_card = await personas.ada.wait_for_message("Waiting for")

    for message in (card, adas_card):
        assert hostile in message.visible_text
        for parsed in [message.text, *_mrkdwn_texts(message.blocks)]:
            assert "<!channel>" not in parsed
            assert "<@U0000000>" not in parsed
            assert "<https://evil.example" not in parsed


def _mrkdwn_texts(value: Any) -> list[str]:
    """Every text in these blocks that Slack parses."""
    if isinstance(value, list):
        return [text for entry in value for text in _mrkdwn_texts(entry)]
    if not isinstance(value, dict):
        return []
    if value.get("type") == "mrkdwn":
        return [value["text"]]
    return [text for entry in value.values() for text in _mrkdwn_texts(entry)]


@pytest.mark.fault("F82")
async def test_person_of_another_workspace_is_refused(world: World) -> None:
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
async def test_request_without_a_valid_signature_is_rejected(world: World, case: str) -> None:
    body, headers = _forged(world, case)

    ack = await world.slack.send_raw(body, headers)

    assert ack.status == (413 if case == "too large" else 401)
    assert await world.find_documents("tickets") == []
    assert "Traceback" not in world.bot.current_run_log
    assert "forged title" not in world.bot.current_run_log


def _forged(world: World, case: str) -> tuple[bytes, dict[str, str]]:
    body = b"payload=" + urllib.parse.quote(json.dumps(_submission("forged title"))).encode()
    valid_headers = world.slack.signature_headers(body)
    match case:
        case "unsigned":
            return body, {"Content-Type": "application/x-www-form-urlencoded"}
        case "another secret":
            return body, valid_headers | {"X-Slack-Signature": "v0=" + "0" * 64}
        case "changed body":
            return body + b"x", valid_headers
        case "old":
            return body, world.slack.signature_headers(body, timestamp=1_700_000_000)
        case "garbage":
            return b"\xff\xfe{", valid_headers | {"X-Slack-Request-Timestamp": "soon"}
        case _:
            return body + b"x" * 1_000_000, valid_headers


def _submission(title: str) -> dict[str, Any]:
    return {"type": "view_submission", "view": {"id": "V1", "callback_id": title}}


@pytest.mark.fault("F54", "F83")
@HTTP_ONLY
async def test_unknown_button_is_answered(world: World, personas: Personas) -> None:
    await open_ticket(personas.ada, "VPN is down")
    card = await personas.bob.wait_for_message("Offered to you")
    await personas.bob.click(card, "Claim")
    click = world.slack.traffic_log.deliveries("block_actions")[-1]
    payload = world.slack.entry_payload(click)
    payload["actions"][0]["action_id"] = "make_tea"

    await _deliver(world, payload)

    assert await personas.bob.wait_for_ephemeral("is not part of this version")
    assert "Traceback" not in world.bot.current_run_log


@pytest.mark.fault("F83", "F86")
@HTTP_ONLY
@pytest.mark.parametrize("value", ["", "T-1", "T-9:1", "T-1:-5", "T-1:99999999999", "x:y:z", "{}"])
async def test_forged_button_value_changes_nothing(
    world: World, personas: Personas, value: str
) -> None:
    await open_ticket(personas.ada, "VPN is down")
    card = await personas.bob.wait_for_message("Offered to you")
    await personas.bob.click(card, "Decline")
    await personas.eve.wait_for_message("Offered to you")
    [before] = await world.find_documents("tickets")
    payload = world.slack.entry_payload(world.slack.traffic_log.deliveries("block_actions")[-1])
    payload["actions"][0] |= {"action_id": "claim_ticket", "value": value}

    await _deliver(world, payload)

    assert await personas.bob.wait_for_ephemeral("")
    [after] = await world.find_documents("tickets")
    assert (after["assignee"], after["version"]) == (before["assignee"], before["version"])
    assert "Traceback" not in world.bot.current_run_log


async def _deliver(world: World, payload: dict[str, Any]) -> None:
    """Send a signed payload, as a manipulated client makes Slack send it."""
    body = f"payload={urllib.parse.quote(json.dumps(payload))}".encode()
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    await world.slack.send_raw(body, world.slack.signature_headers(body) | form)


@pytest.mark.fault("F05")
async def test_bot_and_worker_go_on_when_mongodb_comes_back(
    world: World, personas: Personas
) -> None:
    await world.servers.mongodb.kill()
    await personas.ada.type_text("/ticket my vpn is down")
    await personas.ada.submit_modal()
    await world.servers.mongodb.start()

    await _submit_until_stored(world)

    assert await personas.bob.wait_for_message("my vpn is down", timeout_seconds=30)
    assert "Traceback" not in world.worker.current_run_log
