"""Who may call the Web API, with which token, scope and arguments, and how often."""

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.actors.person import Person
from sandbox.slack.app_manifest.manifest import Manifest
from sandbox.slack.primitives.json_types import Json
from sandbox.slack.workspace import Workspace


async def refused(call: Any) -> Json:
    with pytest.raises(SlackApiError) as refusal:
        await call
    answer = refusal.value.response.data
    assert isinstance(answer, dict)
    return answer


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_the_bot_token_says_who_the_app_is(slack: Workspace, client: AsyncWebClient) -> None:
    answer = await client.auth_test()

    assert answer["user_id"] == slack.bot_user_id
    assert answer["bot_id"] == slack.bot_id
    assert answer["team_id"] == slack.team_id
    assert "chat:write" in answer.headers["x-oauth-scopes"].split(",")


async def test_the_date_header_follows_the_workspace_clock(
    slack: Workspace, client: AsyncWebClient
) -> None:
    slack.clock.advance(3600)

    answer = await client.auth_test()

    ahead = parsedate_to_datetime(answer.headers["Date"]) - datetime.now(UTC)
    assert 3590 < ahead.total_seconds() < 3610


@pytest.mark.parametrize(("token", "error"), [("", "not_authed"), ("xoxb-wrong", "invalid_auth")])
async def test_a_missing_or_wrong_token_is_refused(
    slack: Workspace, token: str, error: str
) -> None:
    client = AsyncWebClient(token=token, base_url=slack.api_url)

    assert (await refused(client.auth_test()))["error"] == error


async def test_each_kind_of_token_opens_its_own_doors(
    slack: Workspace, client: AsyncWebClient
) -> None:
    with_app_token = AsyncWebClient(token=slack.app_token, base_url=slack.api_url)

    wrong = await refused(with_app_token.auth_test())
    other = await refused(client.apps_connections_open(app_token=slack.bot_token))
    right = await client.apps_connections_open(app_token=slack.app_token)

    assert wrong["error"] == other["error"] == "not_allowed_token_type"
    assert right["url"].startswith("ws://127.0.0.1:")


async def test_a_token_counts_in_the_header_or_the_form_but_not_in_the_query(
    slack: Workspace, http: aiohttp.ClientSession
) -> None:
    url, token = slack.api_url + "auth.test", slack.bot_token

    async with http.post(url, headers={"Authorization": f"Bearer {token}"}) as in_header:
        assert (await in_header.json())["ok"]
    async with http.post(url, data={"token": token}) as in_form:
        assert (await in_form.json())["ok"]
    async with http.get(url, params={"token": token}) as in_query:
        assert (await in_query.json())["error"] == "not_authed"
    async with http.post(url, json={"token": token}) as in_json:
        assert (await in_json.json())["error"] == "not_authed"


@pytest.mark.parametrize(
    ("body", "kind", "error"),
    [
        (b"{broken", "application/json", "invalid_json"),
        (b"[1]", "application/json", "json_not_object"),
        (b"x", "text/plain", "invalid_post_type"),
    ],
)
async def test_a_body_that_cannot_be_read_is_named(
    slack: Workspace, http: aiohttp.ClientSession, body: bytes, kind: str, error: str
) -> None:
    headers = {"Content-Type": kind, "Authorization": f"Bearer {slack.bot_token}"}

    async with http.post(slack.api_url + "auth.test", data=body, headers=headers) as answer:
        assert (await answer.json())["error"] == error


async def test_blocks_arrive_alike_from_a_form_and_from_json(
    slack: Workspace, http: aiohttp.ClientSession, ana: Person
) -> None:
    url, headers = slack.api_url + "chat.postMessage", {"Authorization": "Bearer "}
    headers["Authorization"] += slack.bot_token
    blocks = '[{"type": "section", "text": {"type": "plain_text", "text": "A block"}}]'

    form = {"channel": ana.id, "text": "x", "blocks": blocks}
    async with http.post(url, data=form, headers=headers) as answer:
        assert (await answer.json())["ok"]
    async with http.post(url, json=form, headers=headers) as answer:
        assert (await answer.json())["ok"]

    assert [one.visible_text for one in ana.messages] == ["A block", "A block"]


async def test_a_revoked_token_and_a_removed_app_are_told_apart(
    slack: Workspace, client: AsyncWebClient
) -> None:
    await slack.uninstall()
    assert (await refused(client.auth_test()))["error"] == "account_inactive"
    slack.state.credentials.is_account_active = True

    assert (await client.auth_revoke(test=True))["revoked"] is False
    assert (await client.auth_revoke())["revoked"] is True
    assert (await refused(client.auth_test()))["error"] == "token_revoked"


async def test_a_scope_the_manifest_does_not_ask_for_is_missing(manifest: Manifest) -> None:
    narrow = replace(manifest, bot_scopes=frozenset({"commands", "im:write", "users:read"}))
    async with Workspace(narrow) as slack:
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
        ana = slack.add_person("ana", real_name="Ana Alba", email="ana@acme.example")

        posting = await refused(client.chat_postMessage(channel=ana.id, text="x"))
        reading = await refused(client.conversations_history(channel=ana.direct_channel.id))
        user = (await client.users_info(user=ana.id))["user"]

        assert posting["error"] == "missing_scope"
        assert posting["needed"] == "chat:write"
        assert posting["provided"] == "commands,im:write,users:read"
        assert "im:history" in reading["needed"]
        assert "email" not in user["profile"]
        assert ana.messages == []


async def test_what_slack_does_not_know_is_an_unknown_method(client: AsyncWebClient) -> None:
    assert (await refused(client.api_call("chat.shout")))["error"] == "unknown_method"


async def test_a_required_argument_is_asked_for(client: AsyncWebClient) -> None:
    answer = await refused(client.api_call("chat.postMessage", json={"text": "x"}))

    assert answer["error"] == "invalid_arguments"
    assert answer["response_metadata"]["messages"] == ["[ERROR] missing required field: channel"]


async def test_a_channel_takes_a_short_burst_and_then_one_message_a_second(
    slack: Workspace, client: AsyncWebClient, ana: Person, bob: Person
) -> None:
    for number in range(5):
        await client.chat_postMessage(channel=ana.id, text=str(number))

    with pytest.raises(SlackApiError) as refusal:
        await client.chat_postMessage(channel=ana.id, text="5")
    assert refusal.value.response.status_code == 429
    assert refusal.value.response["error"] == "ratelimited"
    wait = int(refusal.value.response.headers["Retry-After"])

    await client.chat_postMessage(channel=bob.id, text="another channel")
    slack.clock.advance(wait)
    await client.chat_postMessage(channel=ana.id, text="5")
    assert [one.visible_text for one in ana.messages] == ["0", "1", "2", "3", "4", "5"]


async def test_a_tier_is_so_many_calls_a_minute(slack: Workspace, client: AsyncWebClient) -> None:
    for _ in range(20):
        await client.users_list()

    with pytest.raises(SlackApiError) as refusal:
        await client.users_list()
    assert 55 <= int(refusal.value.response.headers["Retry-After"]) <= 60

    slack.clock.advance(60)
    assert (await client.users_list())["ok"]


async def test_limits_can_be_switched_off_for_load_tests(
    slack: Workspace, client: AsyncWebClient
) -> None:
    slack.has_rate_limits = False

    answers = [await client.users_list() for _ in range(25)]

    assert all(answer["ok"] for answer in answers)


async def test_the_oauth_dance_ends_with_the_bot_token(
    slack: Workspace, http: aiohttp.ClientSession
) -> None:
    tokens = slack.state.credentials
    code = tokens.new_oauth_code()

    async def ask(client_id: str, client_secret: str) -> Json:
        basic = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
        headers = {"Authorization": f"Basic {basic}"}
        url = slack.api_url + "oauth.v2.access"
        async with http.post(url, data={"code": code}, headers=headers) as answer:
            said: Json = await answer.json()
            return said

    assert (await ask("1.2", "x"))["error"] == "invalid_client_id"
    assert (await ask(tokens.client_id, "x"))["error"] == "bad_client_secret"
    granted = await ask(tokens.client_id, tokens.client_secret)
    assert granted["access_token"] == slack.bot_token
    assert (await ask(tokens.client_id, tokens.client_secret))["error"] == "invalid_code"
