"""The simulated Web API held against Slack's method reference: arguments, scopes, tiers, errors."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.actors.person import Person
from sandbox.slack.app_manifest.manifest import load_manifest
from sandbox.slack.entities.channels import Channel
from sandbox.slack.methods import METHODS, Method
from sandbox.slack.state.rate_limits import Tier
from sandbox.slack.web_api.api import COMMON_ERRORS
from sandbox.slack.workspace import Workspace
from tests.project import ROOT

SLACK = ROOT.parent / "shared" / "slack"
MANIFEST = ROOT / "tests" / "sandbox" / "slack" / "manifest.yml"
REFERENCE = SLACK / "slack-api-ref" / "methods"
SAMPLES = SLACK / "java-slack-sdk"

# The reference lists errors that every method shares for some methods only, or nowhere.
COMMON_ERROR_REASONS = {
    "not_authed": "slack-api-specs lists it for every method",
    "invalid_auth": "slack-api-specs lists it for every method",
    "account_inactive": "slack-api-specs lists it for nearly every method",
    "token_revoked": "slack-api-specs lists it for half of the methods",
    "not_allowed_token_type": "listed for views.publish; any method may get the wrong token",
    "missing_scope": "listed for conversations.*; any method with scopes may miss one",
    "invalid_arguments": "recorded for chat.postMessage and views.open; the schema's own answer",
    "ratelimited": "the rate limits page gives it for every method",
    "unknown_method": "what the API says to a method that is not there",
    "invalid_json": "slack-api-specs lists it for nearly every method",
    "json_not_object": "slack-api-specs lists it for nearly every method",
    "invalid_post_type": "slack-api-specs lists it for nearly every method",
}
OWN_ERRORS = {
    ("conversations.open", "cannot_dm_bot"): "known from im.open, whose place it took",
    ("chat.postMessage", "invalid_attachments"): "listed for chat.update and chat.postEphemeral",
    ("conversations.replies", "not_in_channel"): "listed for conversations.history",
    ("chat.postEphemeral", "msg_blocks_too_long"): "listed for chat.postMessage",
    ("chat.update", "msg_blocks_too_long"): "listed for chat.postMessage",
    ("chat.postEphemeral", "invalid_metadata_format"): "it takes metadata like chat.postMessage",
    ("chat.postEphemeral", "invalid_metadata_schema"): "it takes metadata like chat.postMessage",
    ("chat.postEphemeral", "metadata_too_large"): "it takes metadata like chat.postMessage",
}
TIERS = {"t1": Tier.ONE, "t2": Tier.TWO, "t3": Tier.THREE, "t4": Tier.FOUR, "t5": Tier.SPECIAL}


def reference(method: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((REFERENCE / f"{method}.json").read_text(encoding="utf-8"))
    return found


def every_method() -> list[Any]:
    return [pytest.param(method, id=name) for name, method in sorted(METHODS.items())]


def test_every_method_that_limits_md_asks_for_is_served() -> None:
    text = (SLACK / "limits.md").read_text(encoding="utf-8")
    line = text[text.index("Methods: ") : text.index("; anything else `unknown_method`")]
    asked: set[str] = set()
    for family, several, single in re.findall(r"([\w.]+)\.(?:\{([^}]*)\}|(\w+))", line):
        asked |= {f"{family}.{name.strip()}" for name in (several or single).split(",")}

    assert asked <= set(METHODS)
    assert len(asked) > 30


@pytest.mark.parametrize("method", every_method())
def test_a_method_requires_what_the_reference_requires(method: Method) -> None:
    required = set(reference(method.name)["args"].get("required", ()))

    assert set(method.required_arguments) == required - {"token"}
    assert (method.token_kind is not None) == ("token" in required)


@pytest.mark.parametrize("method", every_method())
def test_a_method_needs_the_scopes_of_the_reference(method: Method) -> None:
    assert set(method.scopes) == set(reference(method.name)["scope"].get("bot", ()))


@pytest.mark.parametrize("method", every_method())
def test_a_method_is_in_its_tier(method: Method) -> None:
    tier = reference(method.name).get("rate_limits")

    assert tier is None or method.tier is TIERS[tier]


@pytest.mark.parametrize("method", every_method())
def test_a_method_answers_only_documented_errors(method: Method) -> None:
    known = set(reference(method.name).get("errors", ()))
    old = json.loads((SLACK / "slack-api-specs" / "errors.json").read_text(encoding="utf-8"))
    known |= set(old.get(method.name, ()))
    excused = {error for name, error in OWN_ERRORS if name == method.name}

    assert method.errors - known - set(COMMON_ERROR_REASONS) == excused


def test_each_error_of_all_methods_has_its_reason() -> None:
    assert set(COMMON_ERROR_REASONS) == COMMON_ERRORS


@pytest.fixture
async def slack() -> AsyncIterator[Workspace]:
    async with Workspace(load_manifest(MANIFEST)) as workspace:
        yield workspace


@pytest.fixture
def ana(slack: Workspace) -> Person:
    return slack.add_person("ana", real_name="Ana Alba", email="ana@acme.example")


@pytest.fixture
def general(slack: Workspace, ana: Person) -> Channel:
    channel = slack.add_channel("general", members=[ana])
    channel.members.append(slack.bot_user_id)
    slack.add_usergroup("runners", name="Runners", users=[ana])
    return channel


def sample(method: str) -> dict[str, Any]:
    names = [f"json-logs-samples/api/{method}.json", f"json-logs-samples-pruned/api/{method}.json"]
    found = next(path for name in names if (path := SAMPLES / name).exists())
    shape: dict[str, Any] = json.loads(found.read_text(encoding="utf-8"))
    return shape


def strangers(answer: Any, shape: Any, path: str = "") -> list[str]:
    """Keys that no real answer has had, and values of a type that none has had."""
    if isinstance(shape, str) and shape.startswith("<pruned"):
        return []
    if isinstance(answer, dict) and isinstance(shape, dict):
        unknown = [f"{path}/{key} is unknown" for key in answer if key not in shape]
        inner = (strangers(answer[k], shape[k], f"{path}/{k}") for k in answer if k in shape)
        return unknown + [line for lines in inner for line in lines]
    if isinstance(answer, list) and isinstance(shape, list):
        found = (strangers(one, shape[0], f"{path}/0") for one in answer if shape)
        return [line for lines in found for line in lines]
    fits = answer is None or type(answer) is type(shape)
    return [] if fits else [f"{path} is no {type(shape).__name__}"]


# Shown in the reference's own examples, though the samples lack them.
IN_THE_REFERENCE = {
    "auth.revoke": ["/revoked"],
    "usergroups.list": ["/usergroups/0/auto_type"],
}


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("auth.test", {}),
        ("auth.revoke", {"test": True}),
        ("apps.connections.open", {}),
        ("chat.postMessage", {"channel": "{dm}", "text": "Hi"}),
        ("chat.postEphemeral", {"channel": "{general}", "user": "{ana}", "text": "Hi"}),
        ("chat.update", {"channel": "{general}", "ts": "{ts}", "text": "Hi"}),
        ("chat.getPermalink", {"channel": "{general}", "message_ts": "{ts}"}),
        ("chat.delete", {"channel": "{general}", "ts": "{ts}"}),
        ("conversations.open", {"users": "{ana}", "return_im": True}),
        ("conversations.info", {"channel": "{general}", "include_num_members": True}),
        ("conversations.list", {}),
        ("conversations.members", {"channel": "{general}"}),
        ("conversations.history", {"channel": "{general}", "include_all_metadata": True}),
        ("conversations.replies", {"channel": "{general}", "ts": "{ts}"}),
        ("conversations.join", {"channel": "{general}"}),
        ("users.info", {"user": "{ana}", "include_locale": True}),
        ("users.list", {}),
        ("users.lookupByEmail", {"email": "ana@acme.example"}),
        ("users.conversations", {}),
        ("usergroups.list", {"include_users": True, "include_count": True}),
        ("usergroups.users.list", {"usergroup": "{group}"}),
        ("reactions.add", {"channel": "{general}", "timestamp": "{ts}", "name": "tea"}),
        ("bots.info", {"bot": "{bot}"}),
        ("team.info", {}),
        ("files.getUploadURLExternal", {"filename": "x.txt", "length": 1}),
    ],
)
async def test_an_answer_has_the_shape_of_real_ones(
    slack: Workspace, ana: Person, general: Channel, method: str, arguments: dict[str, Any]
) -> None:
    token = slack.app_token if method == "apps.connections.open" else slack.bot_token
    setup = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
    metadata = {"event_type": "errand", "event_payload": {}}
    sent = await setup.chat_postMessage(channel=general.id, text="First", metadata=metadata)
    await setup.chat_postMessage(channel=general.id, text="Reply", thread_ts=sent["ts"])
    (group,) = slack.state.usergroups
    known = {"dm": ana.direct_channel.id, "general": general.id, "ana": ana.id, "ts": sent["ts"]}
    known |= {"group": group.id, "bot": slack.bot_id}
    filled = {
        key: value.format(**known) if isinstance(value, str) else value
        for key, value in arguments.items()
    }

    client = AsyncWebClient(token=token, base_url=slack.api_url)
    answer = (await client.api_call(method, json=filled)).data

    excused = [f"{path} is unknown" for path in IN_THE_REFERENCE.get(method, ())]
    assert [line for line in strangers(answer, sample(method)) if line not in excused] == []
