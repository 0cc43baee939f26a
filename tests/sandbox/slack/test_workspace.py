"""The workspace as a test tool: waiting, reset, the traffic log file and stable ids."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.actors.person import Person
from sandbox.slack.app_manifest.manifest import Manifest
from sandbox.slack.state.faults import Fault
from sandbox.slack.workspace import Workspace


async def test_wait_ends_when_the_message_arrives(
    slack: Workspace, client: AsyncWebClient, ana: Person
) -> None:
    waiting = asyncio.ensure_future(ana.wait_for_message("Tea"))
    await client.chat_postMessage(channel=ana.id, text="Coffee")
    await client.chat_postMessage(channel=ana.id, text="Tea is ready")

    assert (await waiting).visible_text == "Tea is ready"


async def test_timeout_names_the_awaited_message(slack: Workspace, ana: Person) -> None:
    with pytest.raises(TimeoutError, match="for the kettle"):
        await slack.wait_until(lambda: False, timeout_seconds=0.01, waiting_for="the kettle")
    with pytest.raises(TimeoutError, match="ana to get the message 'Tea'"):
        await ana.wait_for_message("Tea", timeout_seconds=0.01)


async def test_wait_returns_the_newest_matching_message(
    client: AsyncWebClient, ana: Person
) -> None:
    await client.chat_postMessage(channel=ana.id, text="Tea 1")
    await client.chat_postMessage(channel=ana.id, text="Tea 2")

    assert (await ana.wait_for_message("Tea")).visible_text == "Tea 2"
    assert (
        await ana.wait_for_message(lambda message: message.visible_text.endswith("1"))
    ).visible_text == "Tea 1"


async def test_reset_clears_messages_and_keeps_people(
    slack: Workspace, http_app: AsyncApp, client: AsyncWebClient, ana: Person
) -> None:
    await client.chat_postMessage(channel=ana.id, text="x")
    await ana.type_text("/errand")
    slack.faults.add("*", Fault(hangs=True))

    slack.reset()

    assert ana.messages == []
    assert ana.alerts == []
    assert slack.traffic_log.entries == []
    assert (await client.users_info(user=ana.id))["ok"]


async def test_traffic_log_file_has_json_lines_without_the_token(
    manifest: Manifest, tmp_path: Path
) -> None:
    path = tmp_path / "traffic.jsonl"
    async with Workspace(manifest, traffic_log_path=path) as slack:
        ana = slack.add_person("ana", real_name="Ana Alba", email="ana@acme.example")
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
        await client.chat_postMessage(channel=ana.id, text="Tea")
        await ana.type_text("/errand")
        token = slack.bot_token

    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert {line["direction"] for line in lines} == {"api", "delivery", "ack"}
    assert lines[0]["name"] == "chat.postMessage"
    assert lines[0]["request"]["text"] == "Tea"
    assert token not in path.read_text()


async def test_people_and_bot_have_the_same_ids_in_each_run(
    manifest: Manifest,
) -> None:
    async with Workspace(manifest) as first, Workspace(manifest) as second:
        ana, same_ana = (
            slack.add_person("ana", real_name="Ana", email="a@x.example")
            for slack in (first, second)
        )
        assert ana.id == same_ana.id
        assert first.bot_user_id == second.bot_user_id
        assert ana.id.startswith("U")
        assert ana.direct_channel.id.startswith("D")
        with pytest.raises(ValueError, match="already"):
            first.add_person("ana", real_name="Ana", email="a@x.example")


async def test_people_are_found_by_handle_or_name(slack: Workspace, ana: Person) -> None:
    assert slack.get_person("@ana") is slack.get_person("Ana Alba") is ana
    with pytest.raises(LookupError):
        slack.get_person("nobody")


async def test_port_can_be_reused_after_close(manifest: Manifest) -> None:
    async with Workspace(manifest) as first:
        port = int(first.api_url.split(":")[2].split("/")[0])
    async with Workspace(manifest, port=port) as second:
        assert second.api_url == first.api_url


async def test_clock_cannot_go_back(slack: Workspace) -> None:
    before = slack.clock.now()
    slack.clock.advance(60)

    assert slack.clock.now() >= before + 60
    with pytest.raises(ValueError, match="only be advanced"):
        slack.clock.advance(-1)


async def test_features_disabled_in_the_manifest_are_off(manifest: Manifest) -> None:
    bare_manifest = replace(
        manifest,
        interactivity=False,
        home_tab=False,
        messages_tab=False,
        bot_events=frozenset(),
    )
    async with Workspace(bare_manifest) as slack:
        ana = slack.add_person("ana", real_name="Ana Alba", email="ana@acme.example")
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)

        with pytest.raises(SlackApiError, match="messages_tab_disabled"):
            await client.chat_postMessage(channel=ana.id, text="x")
        with pytest.raises(SlackApiError, match="not_enabled"):
            await client.views_publish(user_id=ana.id, view={"type": "home", "blocks": []})
        with pytest.raises(LookupError, match="no Home tab"):
            await ana.open_home()
        with pytest.raises(LookupError, match="read-only or off"):
            await ana.type_text("Hello")
        await ana.use_shortcut("New errand")
        await ana.join_workspace()
        await ana.type_text("/errand")

        assert ana.alerts == ["dispatch_failed", '/errand failed with the error "dispatch_failed"']
        assert [entry.name for entry in slack.traffic_log.deliveries()] == ["slash_command"]
        assert (
            slack.entry_payload(slack.traffic_log.deliveries()[0])["channel_id"]
            != ana.direct_channel.id
        )
