"""The Events API: what the app hears, how often Slack tries, and the handshakes."""

from typing import Any

import pytest
from slack_bolt.async_app import AsyncApp
from slack_bolt.response import BoltResponse
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.person import Person
from sandbox.slack.shapes import Json
from sandbox.slack.workspace import Workspace


@pytest.fixture
def heard(either_app: AsyncApp) -> list[Json]:
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


async def test_a_message_to_the_app_is_heard(heard: list[Json], ana: Person) -> None:
    await ana.types("Where is my tea?")

    (body,) = heard
    assert body["event"]["text"] == "Where is my tea?"
    assert body["event"]["channel_type"] == "im"
    assert body["event"]["user"] == ana.id


async def test_a_channel_is_heard_only_with_the_app_in_it(
    slack: Workspace, heard: list[Json], ana: Person
) -> None:
    general = slack.add_channel("general", members=[ana])

    await ana.types("nobody listens", channel=general)
    assert heard == []

    await ana.invites_app(general)
    await ana.types("@errand fetch tea", channel=general)
    assert kinds(heard) == ["member_joined_channel", "message", "app_mention"]
    assert heard[2]["event"]["text"] == f"<@{slack.bot_user_id}> fetch tea"


async def test_what_happens_around_the_app_is_heard(
    slack: Workspace, heard: list[Json], ana: Person, bob: Person, client: AsyncWebClient
) -> None:
    general = slack.add_channel("general", members=[ana])
    await ana.invites_app(general)
    await bob.joins(general)
    await bob.leaves(general)
    await bob.joins_workspace()
    await bob.types("tea?")
    await ana.opens_home()
    await ana.reacts(await said(ana, client), "tea")
    slack.deactivate(bob)
    await slack.until(lambda: "user_change" in kinds(heard))

    happened = [kind for kind in kinds(heard) if kind != "message"]
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
    slack: Workspace, heard: list[Json], ana: Person, bob: Person
) -> None:
    group = slack.add_usergroup("runners", name="Runners", users=[ana])

    slack.change_usergroup(group, users=[bob])
    await slack.until(lambda: len(heard) == 2)

    events = {body["event"]["type"]: body["event"] for body in heard}
    assert events["subteam_updated"]["subteam"]["users"] == [bob.id]
    changed = events["subteam_members_changed"]
    assert (changed["subteam_id"], changed["added_users"]) == (group.id, [bob.id])
    assert changed["removed_users"] == [ana.id]


async def said(person: Person, client: AsyncWebClient) -> Any:
    await client.chat_postMessage(channel=person.id, text="Tea is ready")
    return await person.gets_message("Tea")


async def test_an_event_the_app_did_not_take_comes_again_by_the_clock(
    slack: Workspace, app: AsyncApp, ana: Person
) -> None:
    tries: list[tuple[str, str | None, str | None]] = []

    @app.event("message")
    async def refuse(body: Json, request: Any) -> BoltResponse:
        header = request.headers.get
        number, reason = header("x-slack-retry-num"), header("x-slack-retry-reason")
        tries.append((body["event_id"], *(v[0] if v else None for v in (number, reason))))
        return BoltResponse(status=500)

    await ana.types("Hello?")
    await slack.until(lambda: len(tries) == 2)
    slack.clock.advance(60)
    await slack.until(lambda: len(tries) == 3)
    slack.clock.advance(300)
    await slack.until(lambda: len(tries) == 4)
    slack.clock.advance(3600)

    assert len({event_id for event_id, *_ in tries}) == 1
    assert [number for _, number, _ in tries] == [None, "1", "2", "3"]
    assert {reason for *_, reason in tries[1:]} == {"http_error"}


async def test_a_repeat_is_the_only_copy_when_no_app_was_there(
    slack: Workspace, bolt: AsyncApp, ana: Person
) -> None:
    heard: list[Json] = []

    @bolt.event("message")
    async def note(body: Json) -> None:
        heard.append(body)

    await ana.types("Hello?")
    await slack.until(lambda: len(slack.journal.acks("message")) == 2)
    from aiohttp import web

    runner = web.AppRunner(bolt.web_app("/slack/events"), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    slack.request_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    slack.clock.advance(60)
    await slack.until(lambda: heard)
    await runner.cleanup()

    assert heard[0]["event"]["text"] == "Hello?"


async def test_an_app_can_ask_not_to_hear_it_again(
    slack: Workspace, app: AsyncApp, ana: Person
) -> None:
    @app.event("message")
    async def refuse() -> BoltResponse:
        return BoltResponse(status=500, headers={"X-Slack-No-Retry": "1"})

    await ana.types("Hello?")
    slack.clock.advance(3600)
    await ana.types("Still there?")

    assert len(slack.journal.deliveries("message")) == 2


async def test_the_apps_own_posts_are_heard_with_its_bot_id(
    slack: Workspace, app: AsyncApp, client: AsyncWebClient, ana: Person
) -> None:
    sent = await client.chat_postMessage(channel=ana.id, text="mine")
    await client.chat_update(channel=sent["channel"], ts=sent["ts"], text="changed")
    await client.chat_delete(channel=sent["channel"], ts=sent["ts"])
    await slack.until(lambda: len(slack.journal.deliveries("message")) >= 3)

    events = [slack.payload_of(one)["event"] for one in slack.journal.deliveries("message")]
    by_kind = {event.get("subtype"): event for event in events}
    assert by_kind[None]["bot_id"] == slack.bot_id
    assert by_kind["message_changed"]["message"]["text"] == "changed"
    assert by_kind["message_changed"]["previous_message"]["text"] == "mine"
    assert by_kind["message_deleted"]["deleted_ts"] == sent["ts"]


async def test_the_handshakes_are_answered(slack: Workspace, app: AsyncApp) -> None:
    assert await slack.verify_url()
    assert (await slack.check_ssl()).status == 200


async def test_another_apps_bot_is_heard_with_its_own_bot_id(
    slack: Workspace, heard: list[Json], ana: Person
) -> None:
    robot = slack.add_person("robot", real_name="Robot", email="", bot=True)
    general = slack.add_channel("general", members=[ana, robot])
    await ana.invites_app(general)

    await robot.types("beep", channel=general)

    event = heard[-1]["event"]
    assert event["bot_id"] == robot.member.bot_id != slack.bot_id
    assert event["bot_profile"]["name"] == "Robot"
