"""chat.*: posting, changing and deleting messages, and the refusals of Slack."""

from typing import Any

import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.actors.person import Person
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.workspace import Workspace


async def error_name(call: Any) -> str:
    with pytest.raises(SlackApiError) as raised:
        await call
    return str(raised.value.response["error"])


def section(text: str) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


async def test_message_to_a_person_arrives_in_their_dm(
    slack: Workspace, client: AsyncWebClient, ana: Person, bob: Person
) -> None:
    answer = await client.chat_postMessage(channel=ana.id, text=f"Hello <@{bob.id}> &amp; co")

    assert answer["channel"] == ana.direct_channel.id
    assert answer["message"]["bot_id"] == slack.bot_id
    assert answer["message"]["user"] == slack.bot_user_id
    (message,) = ana.messages
    assert message.visible_text == "Hello @Bob Brandt & co"
    assert message.ts == answer["ts"]
    assert bob.messages == []


async def test_timestamps_are_unique_and_increasing(
    slack: Workspace, client: AsyncWebClient, ana: Person
) -> None:
    slack.has_rate_limits = False
    answers = [await client.chat_postMessage(channel=ana.id, text="x") for _ in range(20)]
    timestamps = [answer["ts"] for answer in answers]

    assert timestamps == sorted(set(timestamps))
    assert [message.ts for message in ana.messages] == timestamps


async def test_history_returns_full_metadata_only_on_request(
    client: AsyncWebClient, ana: Person
) -> None:
    metadata = {"event_type": "errand", "event_payload": {"id": "E-1"}}
    await client.chat_postMessage(channel=ana.id, text="Hello", metadata=metadata)

    default = await client.conversations_history(channel=ana.direct_channel.id)
    complete = await client.conversations_history(
        channel=ana.direct_channel.id, include_all_metadata=True
    )

    assert default["messages"][0]["metadata"] == {"event_type": "errand"}
    assert complete["messages"][0]["metadata"] == metadata
    assert ana.messages[0].metadata == metadata


@pytest.mark.parametrize(
    ("metadata", "error"),
    [
        ("{broken", "invalid_metadata_format"),
        ({"event_payload": {}}, "invalid_metadata_format"),
        ({"event_type": "errand", "event_payload": "x"}, "invalid_metadata_schema"),
        ({"event_type": "e", "event_payload": {"x": "y" * 9000}}, "metadata_too_large"),
    ],
)
async def test_invalid_metadata_is_refused(
    client: AsyncWebClient, ana: Person, metadata: Any, error: str
) -> None:
    call = client.chat_postMessage(channel=ana.id, text="Hello", metadata=metadata)

    assert await error_name(call) == error


async def test_blocks_without_text_cause_a_warning(client: AsyncWebClient, ana: Person) -> None:
    answer = await client.api_call(
        "chat.postMessage", json={"channel": ana.id, "blocks": [section("Only a block")]}
    )

    assert answer["warning"] == "missing_text_in_message"
    assert ana.messages[0].visible_text == "Only a block"


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({}, "no_text"),
        ({"text": ""}, "no_text"),
        ({"blocks": "{broken"}, "invalid_blocks_format"),
        ({"blocks": {"type": "section"}}, "invalid_blocks_format"),
        ({"blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        ({"blocks": [section("x" * 2900)] * 5}, "msg_blocks_too_long"),
        ({"text": "x", "attachments": [{"text": "y"}] * 101}, "too_many_attachments"),
        ({"text": "x", "attachments": "{broken"}, "invalid_attachments"),
    ],
)
async def test_invalid_message_is_refused(
    client: AsyncWebClient, ana: Person, fields: Json, error: str
) -> None:
    call = client.api_call("chat.postMessage", json={"channel": ana.id, **fields})

    assert await error_name(call) == error
    assert ana.messages == []


async def test_invalid_blocks_are_reported_in_slacks_format(
    client: AsyncWebClient, ana: Person
) -> None:
    with pytest.raises(SlackApiError) as raised:
        await client.chat_postMessage(channel=ana.id, blocks=[{"type": "divider"}] * 51, text="x")

    answer = raised.value.response
    assert "no more than 50 items allowed [json-pointer:/blocks]" in answer["errors"]
    messages = answer["response_metadata"]["messages"]
    assert messages == [f"[ERROR] {error}" for error in answer["errors"]]


async def test_long_text_is_truncated_with_a_warning(client: AsyncWebClient, ana: Person) -> None:
    answer = await client.chat_postMessage(channel=ana.id, text="x" * 40_001)

    assert answer["warning"] == "message_truncated"
    assert len(ana.messages[0].text) == 40_000


async def test_app_posts_only_to_its_open_conversations(
    slack: Workspace, client: AsyncWebClient, ana: Person, bob: Person
) -> None:
    public = slack.add_channel("general", members=[ana])
    private = slack.add_channel("board", members=[ana], private=True)
    archived = slack.add_channel("old", members=[ana])
    slack.archive_channel(archived)
    slack.deactivate(bob)

    async def post_error(channel: str) -> str:
        return await error_name(client.chat_postMessage(channel=channel, text="x"))

    assert await post_error(public.id) == "not_in_channel"
    assert await post_error(private.id) == "channel_not_found"
    assert await post_error("C0NOWHERE0") == "channel_not_found"
    assert await post_error(bob.id) == "channel_not_found"
    await ana.invite_app(archived)
    assert await post_error(archived.id) == "is_archived"
    await ana.invite_app(public)
    await client.chat_postMessage(channel="#general", text="Hello")
    assert [message.visible_text for message in ana.read_channel(public)] == ["Hello"]


async def test_update_changes_the_message_in_place(client: AsyncWebClient, ana: Person) -> None:
    sent = await client.chat_postMessage(channel=ana.id, text="old", blocks=[section("old")])
    before = ana.messages[0]

    await client.chat_update(channel=sent["channel"], ts=sent["ts"], text="new")

    assert [message.visible_text for message in ana.messages] == ["new"]
    assert ana.messages[0].is_edited
    assert before.visible_text == "old"


async def test_update_without_metadata_keeps_the_old_metadata(
    client: AsyncWebClient, ana: Person
) -> None:
    metadata = {"event_type": "errand", "event_payload": {"id": "E-1"}}
    sent = await client.chat_postMessage(channel=ana.id, text="old", metadata=metadata)

    await client.chat_update(channel=sent["channel"], ts=sent["ts"], text="new")
    assert ana.messages[0].metadata == metadata

    await client.chat_update(channel=sent["channel"], ts=sent["ts"], text="new", metadata={})
    assert ana.messages[0].metadata is None


async def test_only_own_messages_can_be_changed_or_deleted(
    client: AsyncWebClient, ana: Person
) -> None:
    await ana.type_text("my own words")
    message = ana.messages[0]
    existing: Json = {"channel": message.channel, "ts": message.ts}
    missing: Json = {"channel": message.channel, "ts": "1.000001"}

    assert await error_name(client.chat_update(**existing, text="x")) == "cant_update_message"
    assert await error_name(client.chat_delete(**existing)) == "cant_delete_message"
    assert await error_name(client.chat_update(**missing, text="x")) == "message_not_found"
    assert await error_name(client.chat_delete(**missing)) == "message_not_found"
    assert await error_name(client.chat_update(**existing, text="x" * 4001)) == "msg_too_long"


async def test_deleted_message_is_gone(client: AsyncWebClient, ana: Person) -> None:
    sent = await client.chat_postMessage(channel=ana.id, text="oops")

    await client.chat_delete(channel=sent["channel"], ts=sent["ts"])

    assert ana.messages == []


async def test_ephemeral_message_is_visible_to_one_person_only(
    slack: Workspace, client: AsyncWebClient, ana: Person, bob: Person
) -> None:
    general = slack.add_channel("general", members=[ana])
    await ana.invite_app(general)
    sent = await client.chat_postEphemeral(channel=general.id, user=ana.id, text="psst")

    assert (await ana.wait_for_ephemeral("psst")).is_ephemeral
    assert ana.read_channel(general) == bob.ephemeral_messages == []
    history = await client.conversations_history(channel=general.id)
    assert history["messages"] == []
    to_bob = client.chat_postEphemeral(channel=general.id, user=bob.id, text="psst")
    assert await error_name(to_bob) == "user_not_in_channel"
    ts = sent["message_ts"]
    update = client.chat_update(channel=general.id, ts=ts, text="x")
    assert await error_name(update) == "message_not_found"


async def test_permalink_contains_the_message_timestamp(
    client: AsyncWebClient, ana: Person
) -> None:
    sent = await client.chat_postMessage(channel=ana.id, text="Hello")
    thread = {"channel": sent["channel"], "thread_ts": sent["ts"]}
    reply = await client.chat_postMessage(**thread, text="again")

    link = await client.chat_getPermalink(channel=sent["channel"], message_ts=sent["ts"])
    reply_link = await client.chat_getPermalink(channel=sent["channel"], message_ts=reply["ts"])

    path = f"https://acme.slack.com/archives/{sent['channel']}/p"
    assert link["permalink"] == path + sent["ts"].replace(".", "")
    assert f"?thread_ts={sent['ts']}" in reply_link["permalink"]
    missing = client.chat_getPermalink(channel=sent["channel"], message_ts="1.1")
    assert await error_name(missing) == "message_not_found"
