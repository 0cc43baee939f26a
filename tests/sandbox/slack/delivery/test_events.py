"""The Events API: what the app hears, how often Slack tries, and the handshakes."""

from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.actors.person import Person
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.workspace import Workspace


@pytest.fixture
def received_events(either_app: AsyncApp) -> list[Json]:
    """Every event of the listened-to kinds, in order."""
    events: list[Json] = []

    async def note(body: Json) -> None:
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
        either_app.event(kind)(note)
    return events


def kinds(heard: list[Json]) -> list[str]:
    return [body["event"]["type"] for body in heard]


async def test_a_message_to_the_app_is_heard(received_events: list[Json], ana: Person) -> None:
    await ana.type_text("Where is my tea?")

    (body,) = received_events
    assert body["event"]["text"] == "Where is my tea?"
    assert body["event"]["channel_type"] == "im"
    assert body["event"]["user"] == ana.id


async def test_a_channel_is_heard_only_with_the_app_in_it(
    slack: Workspace, received_events: list[Json], ana: Person
) -> None:
    general = slack.add_channel("general", members=[ana])

    await ana.type_text("nobody listens", channel=general)
    assert received_events == []

    await ana.invite_app(general)
    await ana.type_text("@errand fetch tea", channel=general)
    assert kinds(received_events) == ["member_joined_channel", "message", "app_mention"]
    assert received_events[2]["event"]["text"] == f"<@{slack.bot_user_id}> fetch tea"


async def test_what_happens_around_the_app_is_heard(
    slack: Workspace, received_events: list[Json], ana: Person, bob: Person, client: AsyncWebClient
) -> None:
    general = slack.add_channel("general", members=[ana])
    await ana.invite_app(general)
    await bob.join_channel(general)
    await bob.leave_channel(general)
    await bob.join_workspace()
    await bob.type_text("tea?")
    await ana.open_home()
    await ana.add_reaction(await said(ana, client), "tea")
    slack.deactivate(bob)
    await slack.wait_until(lambda: "user_change" in kinds(received_events))

    happened = [kind for kind in kinds(received_events) if kind != "message"]
    assert happened == [
        "member_joined_channel",
        "member_joined_channel",
        "member_left_channel",
        "team_join",
        "app_home_opened",
        "reaction_added",
        "user_change",
    ]


async def test_who_comes_and_goes_in_a_user_group_is_heard(
    slack: Workspace, received_events: list[Json], ana: Person, bob: Person
) -> None:
    group = slack.add_usergroup("runners", name="Runners", users=[ana])

    slack.set_usergroup_users(group, users=[bob])
    await slack.wait_until(lambda: len(received_events) == 2)

    events = {body["event"]["type"]: body["event"] for body in received_events}
    assert events["subteam_updated"]["subteam"]["users"] == [bob.id]
    changed = events["subteam_members_changed"]
    assert (changed["subteam_id"], changed["added_users"]) == (group.id, [bob.id])
    assert changed["removed_users"] == [ana.id]


async def said(person: Person, client: AsyncWebClient) -> Any:
    await client.chat_postMessage(channel=person.id, text="Tea is ready")
    return await person.wait_for_message("Tea")


async def test_an_event_the_app_did_not_take_comes_again_by_the_clock(
    slack: Workspace, http_app: AsyncApp, ana: Person
) -> None:
    tries: list[tuple[str, str | None, str | None]] = []

    @http_app.event("message")
    async def refuse(body: Json, request: Any) -> BoltResponse:
        header = request.headers.get
        number, reason = header("x-slack-retry-num"), header("x-slack-retry-reason")
        tries.append((body["event_id"], *(v[0] if v else None for v in (number, reason))))
        return BoltResponse(status=500)

    await ana.type_text("Hello?")
    await slack.wait_until(lambda: len(tries) == 2)
    slack.clock.advance(60)
    await slack.wait_until(lambda: len(tries) == 3)
    slack.clock.advance(300)
    await slack.wait_until(lambda: len(tries) == 4)
    slack.clock.advance(3600)

    assert len({event_id for event_id, *_ in tries}) == 1
    assert [number for _, number, _ in tries] == [None, "1", "2", "3"]
    assert {reason for *_, reason in tries[1:]} == {"http_error"}


async def test_a_repeat_is_the_only_copy_when_no_app_was_there(
    slack: Workspace, bolt_app: AsyncApp, ana: Person
) -> None:
    heard: list[Json] = []

    @bolt_app.event("message")
    async def note(body: Json) -> None:
        heard.append(body)

    await ana.type_text("Hello?")
    await slack.wait_until(lambda: len(slack.traffic_log.acks("message")) == 2)
    from aiohttp import web

    runner = web.AppRunner(bolt_app.web_app("/slack/events"), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.request_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    slack.clock.advance(60)
    await slack.wait_until(lambda: heard)
    await runner.cleanup()

    assert heard[0]["event"]["text"] == "Hello?"


async def test_an_app_can_ask_not_to_hear_it_again(
    slack: Workspace, http_app: AsyncApp, ana: Person
) -> None:
    @http_app.event("message")
    async def refuse() -> BoltResponse:
        return BoltResponse(status=500, headers={"X-Slack-No-Retry": "1"})

    await ana.type_text("Hello?")
    slack.clock.advance(3600)
    await ana.type_text("Still there?")

    assert len(slack.traffic_log.deliveries("message")) == 2


async def test_the_apps_own_posts_are_heard_with_its_bot_id(
    slack: Workspace, http_app: AsyncApp, client: AsyncWebClient, ana: Person
) -> None:
    sent = await client.chat_postMessage(channel=ana.id, text="mine")
    await client.chat_update(channel=sent["channel"], ts=sent["ts"], text="changed")
    await client.chat_delete(channel=sent["channel"], ts=sent["ts"])
    await slack.wait_until(lambda: len(slack.traffic_log.deliveries("message")) >= 3)

    events = [slack.entry_payload(one)["event"] for one in slack.traffic_log.deliveries("message")]
    by_kind = {event.get("subtype"): event for event in events}
    assert by_kind[None]["bot_id"] == slack.bot_id
    assert by_kind["message_changed"]["message"]["text"] == "changed"
    assert by_kind["message_changed"]["previous_message"]["text"] == "mine"
    assert by_kind["message_deleted"]["deleted_ts"] == sent["ts"]


async def test_the_handshakes_are_answered(slack: Workspace, http_app: AsyncApp) -> None:
    assert await slack.verify_url()
    assert (await slack.send_ssl_check()).status == 200


async def test_another_apps_bot_is_heard_with_its_own_bot_id(
    slack: Workspace, received_events: list[Json], ana: Person
) -> None:
    robot = slack.add_person("robot", real_name="Robot", email="", bot=True)
    general = slack.add_channel("general", members=[ana, robot])
    await ana.invite_app(general)

    await robot.type_text("beep", channel=general)

    event = received_events[-1]["event"]
    assert event["bot_id"] == robot.member.bot_id != slack.bot_id
    assert event["bot_profile"]["name"] == "Robot"
