"""Slash commands: their payload, and the effect of each kind of answer."""

import pytest
from slack_bolt.async_app import AsyncAck, AsyncApp, AsyncRespond, AsyncSay
from slack_bolt.response import BoltResponse

from sandbox.slack.actors.person import Person
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.workspace import Workspace


async def test_command_payload_names_person_text_and_channel(
    slack: Workspace, either_app: AsyncApp, ana: Person
) -> None:
    commands: list[Json] = []

    @either_app.command("/errand")
    async def record(ack: AsyncAck, command: Json) -> None:
        commands.append(command)
        await ack()

    general = slack.add_channel("general", members=[ana])
    await ana.type_text("/errand  fetch <tea> & milk ", channel=general)

    (command,) = commands
    assert command["command"] == "/errand"
    assert command["text"] == "fetch <tea> & milk"
    assert (command["user_id"], command["user_name"]) == (ana.id, "ana")
    assert (command["channel_id"], command["channel_name"]) == (general.id, "general")
    assert ana.ephemeral_messages == ana.messages == []
    assert ana.alerts == []


async def test_command_in_a_dm_comes_from_directmessage(
    slack: Workspace, http_app: AsyncApp, ana: Person
) -> None:
    @http_app.command("/errand")
    async def acknowledge(ack: AsyncAck) -> None:
        await ack()

    await ana.type_text("/errand")

    (delivery,) = slack.traffic_log.deliveries("slash_command")
    assert slack.entry_payload(delivery)["channel_name"] == "directmessage"
    assert slack.entry_payload(delivery)["channel_id"] == ana.direct_channel.id


async def test_names_are_encoded_only_with_should_escape(
    slack: Workspace, http_app: AsyncApp, ana: Person, bob: Person
) -> None:
    async def acknowledge(ack: AsyncAck) -> None:
        await ack()

    http_app.command("/errand")(acknowledge)
    http_app.command("/escaped")(acknowledge)
    general = slack.add_channel("general", members=[ana])
    await ana.type_text("/errand for @bob")
    await ana.type_text("/escaped for @bob in #general & @nobody")

    plain, escaped = (
        slack.entry_payload(entry)["text"] for entry in slack.traffic_log.deliveries()
    )
    assert plain == "for @bob"
    assert escaped == f"for <@{bob.id}|bob> in <#{general.id}|general> &amp; @nobody"


async def test_text_answer_is_ephemeral(either_app: AsyncApp, ana: Person) -> None:
    @either_app.command("/errand")
    async def answer(ack: AsyncAck) -> None:
        await ack("On my *way* &amp; running")

    await ana.type_text("/errand")

    assert [message.visible_text for message in ana.ephemeral_messages] == ["On my way & running"]
    assert ana.ephemeral_messages[0].is_ephemeral
    assert ana.messages == []


async def test_answer_with_blocks_shows_the_blocks(either_app: AsyncApp, ana: Person) -> None:
    @either_app.command("/errand")
    async def answer(ack: AsyncAck) -> None:
        section = {"type": "section", "text": {"type": "mrkdwn", "text": "From the _block_"}}
        await ack(text="Not shown", blocks=[section])

    await ana.type_text("/errand")

    assert (await ana.wait_for_ephemeral()).visible_text == "From the block"


async def test_in_channel_answer_is_visible_to_everybody(
    slack: Workspace, http_app: AsyncApp, ana: Person, bob: Person
) -> None:
    @http_app.command("/errand")
    async def answer(ack: AsyncAck) -> None:
        await ack(text="Going", response_type="in_channel")

    general = slack.add_channel("general", members=[ana, bob])
    await ana.type_text("/errand", channel=general)

    assert [message.visible_text for message in bob.read_channel(general)] == ["Going"]


async def test_command_outside_the_manifest_is_not_delivered(
    slack: Workspace, http_app: AsyncApp, ana: Person
) -> None:
    await ana.type_text("/unheard of")

    assert ana.alerts == ["/unheard is not a valid command."]
    assert slack.traffic_log.deliveries() == []


async def test_command_without_a_listener_shows_an_error(http_app: AsyncApp, ana: Person) -> None:
    await ana.type_text("/errand")

    assert ana.alerts == ['/errand failed with the error "dispatch_failed"']


async def test_command_without_a_running_app_shows_an_error(slack: Workspace, ana: Person) -> None:
    await ana.type_text("/errand")
    slack.request_url = "http://127.0.0.1:9/slack/events"
    await ana.type_text("/errand")

    assert ana.alerts == ['/errand failed with the error "dispatch_failed"'] * 2


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("{broken", "application/json"),
        ("[]", "application/json"),
        ('{"text": "x", "blocks": [{"type": "nonsense"}]}', "application/json"),
    ],
)
async def test_malformed_answer_shows_an_error(
    http_app: AsyncApp, ana: Person, body: str, content_type: str
) -> None:
    @http_app.command("/errand")
    async def answer() -> BoltResponse:
        return BoltResponse(status=200, body=body, headers={"content-type": content_type})

    await ana.type_text("/errand")

    assert ana.alerts == ['/errand failed with the error "dispatch_failed"']
    assert ana.ephemeral_messages == []


async def test_json_sent_as_plain_text_is_shown_as_text(http_app: AsyncApp, ana: Person) -> None:
    @http_app.command("/errand")
    async def answer() -> BoltResponse:
        return BoltResponse(
            status=200, body='{"text": "x"}', headers={"content-type": "text/plain"}
        )

    await ana.type_text("/errand")

    assert (await ana.wait_for_ephemeral()).visible_text == '{"text": "x"}'


async def test_command_in_a_thread_is_refused(http_app: AsyncApp, ana: Person) -> None:
    await http_app.client.chat_postMessage(channel=ana.id, text="Hello")

    with pytest.raises(LookupError, match="threads"):
        await ana.reply_in_thread(await ana.wait_for_message(), "/errand")


async def test_respond_and_say_work_after_the_ack(http_app: AsyncApp, ana: Person) -> None:
    @http_app.command("/errand")
    async def answer(ack: AsyncAck, respond: AsyncRespond, say: AsyncSay) -> None:
        await ack()
        await respond("Only you")
        await say("Here I am")

    await ana.type_text("/errand")

    assert (await ana.wait_for_ephemeral("Only you")).is_ephemeral
    assert (await ana.wait_for_message("Here I am")).user != ana.id
