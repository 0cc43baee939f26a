"""The sandbox's payloads compared with real ones: no key is missing, none is invented."""

import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.app_manifest.manifest import load_manifest
from sandbox.slack.state.traffic_log import TrafficEntry
from sandbox.slack.workspace import Workspace
from tests.project import ROOT

SLACK = ROOT.parent / "shared" / "slack"
MANIFEST = ROOT / "tests" / "sandbox" / "slack" / "manifest.yml"
BOLT = SLACK / "bolt-python" / "real-payloads"
JAVA = SLACK / "java-slack-sdk" / "real-payloads"
SHAPES = SLACK / "java-slack-sdk" / "json-logs-samples"

Payload = dict[str, Any]

# Keys of real payloads that this workspace does not send, with the reason.
OMITTED_KEYS = {
    "enterprise_id": "only in an Enterprise Grid organisation",
    "enterprise_name": "only in an Enterprise Grid organisation",
    "authed_users": "retired; `authorizations` replaces it",
    "is_app_unfurl": "legacy attachments only",
    "media_display_type": "images and videos only",
    "client_msg_id": "a person's client makes it; here the app uploads the file",
}
# Blocks, state and pictures of files differ in each message; other tests check them.
OPAQUE = ("blocks", "values", "icons", "bot_profile")
PICTURE = ("thumb_", "original_")


def text(value: str) -> Payload:
    return {"type": "plain_text", "text": value}


def button() -> Payload:
    element = {"type": "button", "action_id": "a", "text": text("Go"), "value": "1"}
    return {"type": "actions", "block_id": "b", "elements": [element | {"style": "primary"}]}


def form() -> Payload:
    place = {"type": "external_select", "action_id": "places", "min_query_length": 0}
    channel = {"type": "conversations_select", "action_id": "ch", "response_url_enabled": True}
    return {
        "type": "modal",
        "callback_id": "form",
        "notify_on_close": True,
        "title": text("Form"),
        "submit": text("Send"),
        "close": text("Cancel"),
        "blocks": [
            {"type": "input", "optional": True, "label": text("Place"), "element": place},
            {"type": "input", "label": text("Where"), "element": channel},
        ],
    }


class Scenario:
    """Makes Slack send each kind of request to an app that acknowledges all of them."""

    def __init__(self, slack: Workspace) -> None:
        self.slack = slack
        self.client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
        self.ana = slack.add_person("ana", real_name="Ana Alba", email="ana@acme.example")
        self.general = slack.add_channel("general", members=[self.ana])

    async def run(self) -> None:
        await self.slack.verify_url()
        await self.ana.invite_app(self.general)
        await self.talk()
        await self.click()
        await self.fill_in()
        await self.ana.open_home()
        await self.ana.leave_channel(self.general)
        await self.ana.join_workspace()
        runners = self.slack.add_usergroup("runners", name="Runners")
        self.slack.set_usergroup_users(runners, users=[self.ana])
        await self.slack.wait_until(lambda: self.slack.traffic_log.acks("subteam_members_changed"))
        self.slack.deactivate(self.ana)
        await self.slack.wait_until(lambda: self.slack.traffic_log.acks("user_change"))
        await self.slack.uninstall()

    async def talk(self) -> None:
        await self.ana.type_text("@errand hello", channel=self.general)
        message = self.ana.read_channel(self.general)[0]
        await self.ana.use_shortcut("New errand")
        await self.ana.use_shortcut("Make it an errand", message=message)
        await self.ana.add_reaction(message, "tea")
        await self.client.files_upload_v2(
            channel=self.general.id, content="x", filename="x.txt", initial_comment="Here"
        )
        sent = await self.client.chat_postMessage(channel=self.general.id, text="Mine")
        own_message = {"channel": str(sent["channel"]), "ts": str(sent["ts"])}
        await self.client.api_call("chat.update", json={**own_message, "text": "Changed"})
        await self.client.api_call("chat.delete", json=own_message)
        await self.slack.wait_until(lambda: len(self.slack.traffic_log.acks("message")) >= 5)

    async def click(self) -> None:
        channel_id, ana = self.general.id, self.ana
        await self.client.chat_postMessage(channel=channel_id, text="x", blocks=[button()])
        await ana.click(ana.read_channel(self.general)[-1], "Go")
        await self.client.chat_postEphemeral(
            channel=channel_id, user=ana.id, text="x", blocks=[button()]
        )
        await ana.click(ana.ephemeral_messages[-1], "Go")
        await self.client.views_publish(user_id=ana.id, view={"type": "home", "blocks": [button()]})
        assert ana.home
        await ana.click(ana.home, "Go")

    async def fill_in(self) -> None:
        ana = self.ana
        for leave_modal in (ana.submit_modal, ana.close_modal):
            await ana.type_text("/errand", channel=self.general)
            (*_, command) = self.slack.traffic_log.deliveries("slash_command")
            trigger = self.slack.entry_payload(command)["trigger_id"]
            await self.client.views_open(trigger_id=trigger, view=form())
            await ana.search_options("Place", "ba")
            await ana.fill("Where", "general")
            await leave_modal()


async def acknowledge(request: web.Request) -> web.Response:
    body = await request.text()
    if "block_suggestion" in body:
        return web.json_response({"options": []})
    if "url_verification" in body:
        return web.json_response({"challenge": json.loads(body)["challenge"]})
    return web.Response()


@pytest.fixture(scope="module")
async def delivered_requests() -> AsyncIterator[list[TrafficEntry]]:
    app = web.Application()
    app.router.add_post("/slack/events", acknowledge)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    async with Workspace(load_manifest(MANIFEST)) as slack:
        slack.request_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
        await Scenario(slack).run()
        yield slack.traffic_log.deliveries()
    await runner.cleanup()


PayloadFilter = Callable[[Payload], bool]


def is_event(kind: str, **fields: object) -> PayloadFilter:
    def matches(payload: Payload) -> bool:
        event = payload.get("event", {})
        return event.get("type") == kind and all(event.get(k) == v for k, v in fields.items())

    return matches


def is_kind(kind: str, **container_fields: object) -> PayloadFilter:
    def matches(payload: Payload) -> bool:
        container = payload.get("container", {})
        has_fields = all(container.get(key) == value for key, value in container_fields.items())
        return payload.get("type") == kind and has_fields

    return matches


def is_command(payload: Payload) -> bool:
    return "command" in payload


def is_from_home(payload: Payload) -> bool:
    return is_kind("block_actions")(payload) and payload.get("view", {}).get("type") == "home"


MESSAGE = is_event("message", subtype=None)
CHANGED = is_event("message", subtype="message_changed")
DELETED = is_event("message", subtype="message_deleted")
FILE = is_event("message", subtype="file_share")
EPHEMERAL = is_kind("block_actions", is_ephemeral=True)

REAL_PAYLOADS: list[tuple[Path, str | None, PayloadFilter]] = [
    (JAVA / "slash_command.json", None, is_command),
    (JAVA / "block_actions_view.json", None, is_from_home),
    (JAVA / "shortcut_global.json", None, is_kind("shortcut")),
    (JAVA / "shortcut_message.json", None, is_kind("message_action")),
    (JAVA / "view_submission.json", None, is_kind("view_submission")),
    (JAVA / "view_closed.json", None, is_kind("view_closed")),
    (BOLT / "slash_command.json", "slash_command_body_L133", is_command),
    (BOLT / "block_actions.json", "body_L203", EPHEMERAL),
    (BOLT / "block_suggestion.json", "body_L222", is_kind("block_suggestion")),
    (BOLT / "shortcut.json", "global_shortcut_body_L199", is_kind("shortcut")),
    (BOLT / "shortcut.json", "message_shortcut_body_L214", is_kind("message_action")),
    (BOLT / "view_submission.json", "body_L18", is_kind("view_submission")),
    (BOLT / "view_submission.json", "response_url_payload_body_L90", is_kind("view_submission")),
    (BOLT / "view_closed.json", "body_L150", is_kind("view_closed")),
    (BOLT / "events.json", "app_mention_body_L603", is_event("app_mention")),
    (BOLT / "events.json", "reaction_added_body_L624", is_event("reaction_added")),
    (BOLT / "events.json", "join_event_body_L167", is_event("member_joined_channel")),
    (BOLT / "events.json", "left_event_body_L186", is_event("member_left_channel")),
    (BOLT / "events.json", "app_uninstalled_body_L304", is_event("app_uninstalled")),
    (BOLT / "events.json", "tokens_revoked_body_L320", is_event("tokens_revoked")),
    (BOLT / "message.json", "message_body_L271", MESSAGE),
    (BOLT / "message_bot.json", "user_message_event_payload_L86", MESSAGE),
    (BOLT / "message_bot.json", "bot_message_event_payload_L135", is_event("message", text="Mine")),
    (BOLT / "message_changed.json", "event_payload_L72", CHANGED),
    (BOLT / "message_deleted.json", "event_payload_L72", DELETED),
    (BOLT / "message_file_share.json", "event_payload_L82", FILE),
    (BOLT / "events_url_verification.json", "event_body_L78", is_kind("url_verification")),
]


def missing_paths(ours: Any, theirs: Any, path: str = "") -> list[str]:
    """Return the paths that the real payload has and our payload lacks."""
    if isinstance(theirs, list) and isinstance(ours, list):
        return missing_paths(ours[0], theirs[0], f"{path}/0") if ours and theirs else []
    if not (isinstance(theirs, dict) and isinstance(ours, dict)):
        return []
    lines = []
    for key, value in theirs.items():
        if key in OPAQUE or key in OMITTED_KEYS or key.startswith(PICTURE):
            continue
        if key not in ours:
            lines.append(f"{path}/{key}")
        lines += missing_paths(ours.get(key), value, f"{path}/{key}")
    return lines


@pytest.mark.parametrize(
    ("path", "key", "payload_filter"),
    REAL_PAYLOADS,
    ids=[f"{path.stem}-{key or 'java'}" for path, key, _ in REAL_PAYLOADS],
)
def test_payload_has_all_keys_of_a_real_one(
    delivered_requests: list[TrafficEntry],
    path: Path,
    key: str | None,
    payload_filter: PayloadFilter,
) -> None:
    theirs = json.loads(path.read_text(encoding="utf-8"))
    ours = next(entry.request for entry in delivered_requests if payload_filter(entry.request))

    assert missing_paths(ours, theirs[key] if key else theirs) == []


SAMPLED = [
    ("app-backend/slash-commands/SlashCommandPayload", is_command),
    ("app-backend/interactive-components/BlockActionPayload", is_kind("block_actions")),
    ("app-backend/interactive-components/MessageShortcutPayload", is_kind("message_action")),
    ("app-backend/views/ViewSubmissionPayload", is_kind("view_submission")),
    ("app-backend/views/ViewClosedPayload", is_kind("view_closed")),
    ("events/AppMentionPayload", is_event("app_mention")),
    ("events/AppHomeOpenedPayload", is_event("app_home_opened")),
    ("events/AppUninstalledPayload", is_event("app_uninstalled")),
    ("events/MemberJoinedChannelPayload", is_event("member_joined_channel")),
    ("events/MemberLeftChannelPayload", is_event("member_left_channel")),
    ("events/MessagePayload", MESSAGE),
    ("events/MessageChangedPayload", CHANGED),
    ("events/MessageDeletedPayload", DELETED),
    ("events/ReactionAddedPayload", is_event("reaction_added")),
    ("events/SubteamMembersChangedPayload", is_event("subteam_members_changed")),
    ("events/TeamJoinPayload", is_event("team_join")),
    ("events/TokensRevokedPayload", is_event("tokens_revoked")),
    ("events/UserChangePayload", is_event("user_change")),
]


# Slack now sends these in all payloads; only some samples are new enough to have them.
NEWER = ("context_team_id", "context_enterprise_id", "response_urls")
# A form carries only texts; the sample has the parsed values.
FORM = ["/is_enterprise_install is no bool"]


def unknown_parts(ours: Any, shape: Any, path: str = "") -> list[str]:
    """Return keys and value types that no real payload has."""
    if isinstance(ours, dict) and isinstance(shape, dict):
        lines = []
        for key, value in ours.items():
            if key in OPAQUE or key in NEWER:
                continue
            if key in shape:
                lines += unknown_parts(value, shape[key], f"{path}/{key}")
            else:
                lines.append(f"{path}/{key} is unknown")
        return lines
    if isinstance(ours, list) and isinstance(shape, list):
        lists = (unknown_parts(item, shape[0], f"{path}/0") for item in ours if shape)
        return [line for lines in lists for line in lines]
    has_type = ours is None or type(ours) is type(shape)
    return [] if has_type else [f"{path} is no {type(shape).__name__}"]


@pytest.mark.parametrize(("sample", "payload_filter"), SAMPLED, ids=[name for name, _ in SAMPLED])
def test_payload_has_only_keys_and_types_of_real_ones(
    delivered_requests: list[TrafficEntry], sample: str, payload_filter: PayloadFilter
) -> None:
    shape = json.loads((SHAPES / f"{sample}.json").read_text(encoding="utf-8"))
    payloads = [entry.request for entry in delivered_requests if payload_filter(entry.request)]

    assert payloads
    lines = {line for payload in payloads for line in unknown_parts(payload, shape)}
    assert sorted(lines.difference(FORM)) == []
