"""The workspace as a tool: waiting, resetting, the journal on disk, ids that last."""

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


async def test_whoever_waits_is_woken_by_the_change(
    slack: Workspace, client: AsyncWebClient, ana: Person
) -> None:
    waiting = asyncio.ensure_future(ana.wait_for_message("Tea"))
    await client.chat_postMessage(channel=ana.id, text="Coffee")
    await client.chat_postMessage(channel=ana.id, text="Tea is ready")

    assert (await waiting).visible_text == "Tea is ready"


async def test_waiting_in_vain_says_for_what(slack: Workspace, ana: Person) -> None:
    with pytest.raises(TimeoutError, match="for the kettle"):
        await slack.wait_until(lambda: False, timeout_seconds=0.01, waiting_for="the kettle")
    with pytest.raises(TimeoutError, match="ana to get a message 'Tea'"):
        await ana.wait_for_message("Tea", timeout_seconds=0.01)


async def test_the_newest_message_that_fits_is_got(client: AsyncWebClient, ana: Person) -> None:
    await client.chat_postMessage(channel=ana.id, text="Tea 1")
    await client.chat_postMessage(channel=ana.id, text="Tea 2")

    assert (await ana.wait_for_message("Tea")).visible_text == "Tea 2"
    assert (
        await ana.wait_for_message(lambda one: one.visible_text.endswith("1"))
    ).visible_text == "Tea 1"


async def test_a_reset_forgets_what_happened_and_keeps_who_is_there(
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


async def test_the_journal_is_kept_as_lines_of_json_without_the_token(
    manifest: Manifest, tmp_path: Path
) -> None:
    path = tmp_path / "journal.jsonl"
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


async def test_people_keep_their_ids_from_run_to_run_and_views_do_not(
    manifest: Manifest,
) -> None:
    async with Workspace(manifest) as one, Workspace(manifest) as two:
        first, second = (
            slack.add_person("ana", real_name="Ana", email="a@x.example") for slack in (one, two)
        )
        assert first.id == second.id
        assert one.bot_user_id == two.bot_user_id
        assert first.id.startswith("U")
        assert first.direct_channel.id.startswith("D")
        with pytest.raises(ValueError, match="already"):
            one.add_person("ana", real_name="Ana", email="a@x.example")


async def test_people_are_found_by_handle_or_name(slack: Workspace, ana: Person) -> None:
    assert slack.get_person("@ana") is slack.get_person("Ana Alba") is ana
    with pytest.raises(LookupError):
        slack.get_person("nobody")


async def test_an_address_can_be_taken_again(manifest: Manifest) -> None:
    async with Workspace(manifest) as first:
        port = int(first.api_url.split(":")[2].split("/")[0])
    async with Workspace(manifest, port=port) as second:
        assert second.api_url == first.api_url


async def test_time_goes_only_forward(slack: Workspace) -> None:
    before = slack.clock.now()
    slack.clock.advance(60)

    assert slack.clock.now() >= before + 60
    with pytest.raises(ValueError, match="forward"):
        slack.clock.advance(-1)


async def test_what_the_manifest_switches_off_is_off(manifest: Manifest) -> None:
    bare = replace(
        manifest,
        interactivity=False,
        home_tab=False,
        messages_tab=False,
        bot_events=frozenset(),
    )
    async with Workspace(bare) as slack:
        ana = slack.add_person("ana", real_name="Ana Alba", email="ana@acme.example")
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)

        with pytest.raises(SlackApiError, match="messages_tab_disabled"):
            await client.chat_postMessage(channel=ana.id, text="x")
        with pytest.raises(SlackApiError, match="not_enabled"):
            await client.views_publish(user_id=ana.id, view={"type": "home", "blocks": []})
        with pytest.raises(LookupError, match="no Home tab"):
            await ana.open_home()
        with pytest.raises(LookupError, match="takes no messages"):
            await ana.type_text("Hello")
        await ana.use_shortcut("New errand")
        await ana.join_workspace()
        await ana.type_text("/errand")

        assert ana.alerts == ["dispatch_failed", '/errand failed with the error "dispatch_failed"']
        assert [one.name for one in slack.traffic_log.deliveries()] == ["slash_command"]
        assert (
            slack.entry_payload(slack.traffic_log.deliveries()[0])["channel_id"]
            != ana.direct_channel.id
        )
