"""The simulated Web API compared with Slack's reference: arguments, scopes, tiers and errors."""

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

# The reference lists the errors of all methods only for some methods, or for none.
COMMON_ERROR_REASONS = {
    "not_authed": "slack-api-specs lists it for every method",
    "invalid_auth": "slack-api-specs lists it for every method",
    "account_inactive": "slack-api-specs lists it for nearly every method",
    "token_revoked": "slack-api-specs lists it for half of the methods",
    "not_allowed_token_type": "listed for views.publish; any method may get the wrong token",
    "missing_scope": "listed for conversations.*; an app may lack the scope of any method",
    "invalid_arguments": "recorded for chat.postMessage and views.open; the schema's own answer",
    "ratelimited": "the rate limits page lists it for every method",
    "unknown_method": "the API's answer to a method that does not exist",
    "invalid_json": "slack-api-specs lists it for nearly every method",
    "json_not_object": "slack-api-specs lists it for nearly every method",
    "invalid_post_type": "slack-api-specs lists it for nearly every method",
}
OWN_ERRORS = {
    ("conversations.open", "cannot_dm_bot"): "from im.open, which it replaces",
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
    page: dict[str, Any] = json.loads((REFERENCE / f"{method}.json").read_text(encoding="utf-8"))
    return page


def every_method() -> list[Any]:
    return [pytest.param(method, id=name) for name, method in sorted(METHODS.items())]


def test_all_methods_in_limits_md_exist() -> None:
    text = (SLACK / "limits.md").read_text(encoding="utf-8")
    line = text[text.index("Methods: ") : text.index("; anything else `unknown_method`")]
    listed_methods: set[str] = set()
    for family, names, name in re.findall(r"([\w.]+)\.(?:\{([^}]*)\}|(\w+))", line):
        listed_methods |= {f"{family}.{method.strip()}" for method in (names or name).split(",")}

    assert listed_methods <= set(METHODS)
    assert len(listed_methods) > 30


@pytest.mark.parametrize("method", every_method())
def test_method_requires_the_arguments_of_the_reference(method: Method) -> None:
    required = set(reference(method.name)["args"].get("required", ()))

    assert set(method.required_arguments) == required - {"token"}
    assert (method.token_kind is not None) == ("token" in required)


@pytest.mark.parametrize("method", every_method())
def test_method_needs_the_scopes_of_the_reference(method: Method) -> None:
    assert set(method.scopes) == set(reference(method.name)["scope"].get("bot", ()))


@pytest.mark.parametrize("method", every_method())
def test_method_has_the_tier_of_the_reference(method: Method) -> None:
    tier = reference(method.name).get("rate_limits")

    assert tier is None or method.tier is TIERS[tier]


@pytest.mark.parametrize("method", every_method())
def test_method_answers_only_documented_errors(method: Method) -> None:
    documented = set(reference(method.name).get("errors", ()))
    old_specs = json.loads((SLACK / "slack-api-specs" / "errors.json").read_text(encoding="utf-8"))
    documented |= set(old_specs.get(method.name, ()))
    exceptions = {error for name, error in OWN_ERRORS if name == method.name}

    assert method.errors - documented - set(COMMON_ERROR_REASONS) == exceptions


def test_common_errors_have_a_reason() -> None:
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
    paths = [SAMPLES / name for name in names]
    path = next(path for path in paths if path.exists())
    shape: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return shape


def unknown_parts(answer: Any, shape: Any, path: str = "") -> list[str]:
    """Return keys and value types that no real answer has."""
    if isinstance(shape, str) and shape.startswith("<pruned"):
        return []
    if isinstance(answer, dict) and isinstance(shape, dict):
        unknown = [f"{path}/{key} is unknown" for key in answer if key not in shape]
        inner = (unknown_parts(answer[k], shape[k], f"{path}/{k}") for k in answer if k in shape)
        return unknown + [line for lines in inner for line in lines]
    if isinstance(answer, list) and isinstance(shape, list):
        lists = (unknown_parts(item, shape[0], f"{path}/0") for item in answer if shape)
        return [line for lines in lists for line in lines]
    has_type = answer is None or type(answer) is type(shape)
    return [] if has_type else [f"{path} is no {type(shape).__name__}"]


# The reference's own examples show these keys; the samples lack them.
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
async def test_answer_has_only_keys_and_types_of_real_ones(
    slack: Workspace, ana: Person, general: Channel, method: str, arguments: dict[str, Any]
) -> None:
    token = slack.app_token if method == "apps.connections.open" else slack.bot_token
    setup = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
    metadata = {"event_type": "errand", "event_payload": {}}
    sent = await setup.chat_postMessage(channel=general.id, text="First", metadata=metadata)
    await setup.chat_postMessage(channel=general.id, text="Reply", thread_ts=sent["ts"])
    (group,) = slack.state.usergroups
    ids = {"dm": ana.direct_channel.id, "general": general.id, "ana": ana.id, "ts": sent["ts"]}
    ids |= {"group": group.id, "bot": slack.bot_id}
    arguments_with_ids = {
        key: value.format(**ids) if isinstance(value, str) else value
        for key, value in arguments.items()
    }

    client = AsyncWebClient(token=token, base_url=slack.api_url)
    answer = (await client.api_call(method, json=arguments_with_ids)).data

    exceptions = [f"{path} is unknown" for path in IN_THE_REFERENCE.get(method, ())]
    lines = unknown_parts(answer, sample(method))
    assert [line for line in lines if line not in exceptions] == []
