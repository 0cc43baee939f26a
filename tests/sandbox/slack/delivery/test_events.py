"""The Events API: delivered events, retries and handshakes."""

from typing import Any

import pytest
from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.actors.person import Person
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.workspace import Workspace


@pytest.fixture
def received_events(either_app: AsyncApp) -> list[Json]:
    """The events that the app received, in order."""
    events: list[Json] = []

    async def record(body: Json) -> None:
        events.append(body)

    for kind in (
        "message",
        "app_mention",
        "app_home_opened",
        "reaction_added",
        "member_joined_channel",
        "member_left_channel",
        "subteam_members_changed",
        "subteam_updated",
        "team_join",
        "user_change",
    ):
        either_app.event(kind)(record)
    return events


def kinds(events: list[Json]) -> list[str]:
    return [body["event"]["type"] for body in events]


async def test_direct_message_is_delivered(received_events: list[Json], ana: Person) -> None:
    await ana.type_text("Where is my tea?")

    (body,) = received_events
    assert body["event"]["text"] == "Where is my tea?"
    assert body["event"]["channel_type"] == "im"
    assert body["event"]["user"] == ana.id


async def test_channel_messages_are_delivered_only_to_members(
    slack: Workspace, received_events: list[Json], ana: Person
) -> None:
    general = slack.add_channel("general", members=[ana])

    await ana.type_text("nobody listens", channel=general)
    assert received_events == []

    await ana.invite_app(general)
    await ana.type_text("@errand fetch tea", channel=general)
    assert kinds(received_events) == ["member_joined_channel", "message", "app_mention"]
    assert received_events[2]["event"]["text"] == f"<@{slack.bot_user_id}> fetch tea"


async def test_subscribed_events_are_delivered(
    slack: Workspace, received_events: list[Json], ana: Person, bob: Person, client: AsyncWebClient
) -> None:
    general = slack.add_channel("general", members=[ana])
    await ana.invite_app(general)
    await bob.join_channel(general)
    await bob.leave_channel(general)
    await bob.join_workspace()
    await bob.type_text("tea?")
    await ana.open_home()
    await ana.add_reaction(await post_tea_message(ana, client), "tea")
    slack.deactivate(bob)
    await slack.wait_until(lambda: "user_change" in kinds(received_events))

    other_kinds = [kind for kind in kinds(received_events) if kind != "message"]
    assert other_kinds == [
        "member_joined_channel",
        "member_joined_channel",
        "member_left_channel",
        "team_join",
        "app_home_opened",
        "reaction_added",
        "user_change",
    ]


async def test_user_group_changes_are_delivered(
    slack: Workspace, received_events: list[Json], ana: Person, bob: Person
) -> None:
    group = slack.add_usergroup("runners", name="Runners", users=[ana])

    slack.set_usergroup_users(group, users=[bob])
    await slack.wait_until(lambda: len(received_events) == 2)

    events = {body["event"]["type"]: body["event"] for body in received_events}
    assert events["subteam_updated"]["subteam"]["users"] == [bob.id]
    members_changed = events["subteam_members_changed"]
    assert members_changed["subteam_id"] == group.id
    assert members_changed["added_users"] == [bob.id]
    assert members_changed["removed_users"] == [ana.id]


async def post_tea_message(person: Person, client: AsyncWebClient) -> Any:
    await client.chat_postMessage(channel=person.id, text="Tea is ready")
    return await person.wait_for_message("Tea")


async def test_failed_event_is_retried_three_times(
    slack: Workspace, http_app: AsyncApp, ana: Person
) -> None:
    attempts: list[tuple[str, str | None, str | None]] = []

    @http_app.event("message")
    async def refuse(body: Json, request: Any) -> BoltResponse:
        header = request.headers.get
        number, reason = header("x-slack-retry-num"), header("x-slack-retry-reason")
        attempts.append((body["event_id"], *(v[0] if v else None for v in (number, reason))))
        return BoltResponse(status=500)

    await ana.type_text("Hello?")
    await slack.wait_until(lambda: len(attempts) == 2)
    slack.clock.advance(60)
    await slack.wait_until(lambda: len(attempts) == 3)
    slack.clock.advance(300)
    await slack.wait_until(lambda: len(attempts) == 4)
    slack.clock.advance(3600)

    assert len({event_id for event_id, *_ in attempts}) == 1
    assert [number for _, number, _ in attempts] == [None, "1", "2", "3"]
    assert {reason for *_, reason in attempts[1:]} == {"http_error"}


async def test_retry_reaches_an_app_that_starts_late(
    slack: Workspace, bolt_app: AsyncApp, ana: Person
) -> None:
    events: list[Json] = []

    @bolt_app.event("message")
    async def record(body: Json) -> None:
        events.append(body)

    await ana.type_text("Hello?")
    await slack.wait_until(lambda: len(slack.traffic_log.acks("message")) == 2)
    runner = web.AppRunner(bolt_app.web_app("/slack/events"), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.request_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    slack.clock.advance(60)
    await slack.wait_until(lambda: events)
    await runner.cleanup()

    assert events[0]["event"]["text"] == "Hello?"


async def test_no_retry_header_stops_retries(
    slack: Workspace, http_app: AsyncApp, ana: Person
) -> None:
    @http_app.event("message")
    async def refuse() -> BoltResponse:
        return BoltResponse(status=500, headers={"X-Slack-No-Retry": "1"})

    await ana.type_text("Hello?")
    slack.clock.advance(3600)
    await ana.type_text("Still there?")

    assert len(slack.traffic_log.deliveries("message")) == 2


async def test_own_messages_are_delivered_with_the_bot_id(
    slack: Workspace, http_app: AsyncApp, client: AsyncWebClient, ana: Person
) -> None:
    sent = await client.chat_postMessage(channel=ana.id, text="mine")
    await client.chat_update(channel=sent["channel"], ts=sent["ts"], text="changed")
    await client.chat_delete(channel=sent["channel"], ts=sent["ts"])
    await slack.wait_until(lambda: len(slack.traffic_log.deliveries("message")) >= 3)

    deliveries = slack.traffic_log.deliveries("message")
    events = [slack.entry_payload(delivery)["event"] for delivery in deliveries]
    by_subtype = {event.get("subtype"): event for event in events}
    assert by_subtype[None]["bot_id"] == slack.bot_id
    assert by_subtype["message_changed"]["message"]["text"] == "changed"
    assert by_subtype["message_changed"]["previous_message"]["text"] == "mine"
    assert by_subtype["message_deleted"]["deleted_ts"] == sent["ts"]


async def test_handshakes_are_answered(slack: Workspace, http_app: AsyncApp) -> None:
    assert await slack.verify_url()
    assert (await slack.send_ssl_check()).status == 200


async def test_message_of_another_bot_has_its_bot_id(
    slack: Workspace, received_events: list[Json], ana: Person
) -> None:
    robot = slack.add_person("robot", real_name="Robot", email="", bot=True)
    general = slack.add_channel("general", members=[ana, robot])
    await ana.invite_app(general)

    await robot.type_text("beep", channel=general)

    event = received_events[-1]["event"]
    assert event["bot_id"] == robot.member.bot_id != slack.bot_id
    assert event["bot_profile"]["name"] == "Robot"
