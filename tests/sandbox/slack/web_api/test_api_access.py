"""Access to the Web API: tokens, scopes, arguments and rate limits."""

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


async def error_response(call: Any) -> Json:
    with pytest.raises(SlackApiError) as raised:
        await call
    answer = raised.value.response.data
    assert isinstance(answer, dict)
    return answer


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_auth_test_returns_the_app_of_the_bot_token(
    slack: Workspace, client: AsyncWebClient
) -> None:
    answer = await client.auth_test()

    assert answer["user_id"] == slack.bot_user_id
    assert answer["bot_id"] == slack.bot_id
    assert answer["team_id"] == slack.team_id
    assert "chat:write" in answer.headers["x-oauth-scopes"].split(",")


async def test_date_header_follows_the_workspace_clock(
    slack: Workspace, client: AsyncWebClient
) -> None:
    slack.clock.advance(3600)

    answer = await client.auth_test()

    offset = parsedate_to_datetime(answer.headers["Date"]) - datetime.now(UTC)
    assert 3590 < offset.total_seconds() < 3610


@pytest.mark.parametrize(("token", "error"), [("", "not_authed"), ("xoxb-wrong", "invalid_auth")])
async def test_missing_or_wrong_token_is_refused(slack: Workspace, token: str, error: str) -> None:
    client = AsyncWebClient(token=token, base_url=slack.api_url)

    assert (await error_response(client.auth_test()))["error"] == error


async def test_token_of_the_wrong_kind_is_refused(slack: Workspace, client: AsyncWebClient) -> None:
    app_client = AsyncWebClient(token=slack.app_token, base_url=slack.api_url)

    app_token_answer = await error_response(app_client.auth_test())
    bot_token_answer = await error_response(client.apps_connections_open(app_token=slack.bot_token))
    connection = await client.apps_connections_open(app_token=slack.app_token)

    assert app_token_answer["error"] == bot_token_answer["error"] == "not_allowed_token_type"
    assert connection["url"].startswith("ws://127.0.0.1:")


async def test_token_is_read_from_header_or_form_only(
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
async def test_unreadable_body_is_refused(
    slack: Workspace, http: aiohttp.ClientSession, body: bytes, kind: str, error: str
) -> None:
    headers = {"Content-Type": kind, "Authorization": f"Bearer {slack.bot_token}"}

    async with http.post(slack.api_url + "auth.test", data=body, headers=headers) as answer:
        assert (await answer.json())["error"] == error


async def test_blocks_are_read_from_form_and_from_json(
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

    assert [message.visible_text for message in ana.messages] == ["A block", "A block"]


async def test_revoked_token_and_removed_app_give_different_errors(
    slack: Workspace, client: AsyncWebClient
) -> None:
    await slack.uninstall()
    assert (await error_response(client.auth_test()))["error"] == "account_inactive"
    slack.state.credentials.is_account_active = True

    assert (await client.auth_revoke(test=True))["revoked"] is False
    assert (await client.auth_revoke())["revoked"] is True
    assert (await error_response(client.auth_test()))["error"] == "token_revoked"


async def test_scope_outside_the_manifest_is_missing(manifest: Manifest) -> None:
    narrow_manifest = replace(
        manifest, bot_scopes=frozenset({"commands", "im:write", "users:read"})
    )
    async with Workspace(narrow_manifest) as slack:
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api_url)
        ana = slack.add_person("ana", real_name="Ana Alba", email="ana@acme.example")

        posting = await error_response(client.chat_postMessage(channel=ana.id, text="x"))
        reading = await error_response(client.conversations_history(channel=ana.direct_channel.id))
        user = (await client.users_info(user=ana.id))["user"]

        assert posting["error"] == "missing_scope"
        assert posting["needed"] == "chat:write"
        assert posting["provided"] == "commands,im:write,users:read"
        assert "im:history" in reading["needed"]
        assert "email" not in user["profile"]
        assert ana.messages == []


async def test_unknown_method_is_refused(client: AsyncWebClient) -> None:
    assert (await error_response(client.api_call("chat.shout")))["error"] == "unknown_method"


async def test_missing_argument_is_refused_by_name(client: AsyncWebClient) -> None:
    answer = await error_response(client.api_call("chat.postMessage", json={"text": "x"}))

    assert answer["error"] == "invalid_arguments"
    assert answer["response_metadata"]["messages"] == ["[ERROR] missing required field: channel"]


async def test_channel_accepts_a_burst_then_one_message_a_second(
    slack: Workspace, client: AsyncWebClient, ana: Person, bob: Person
) -> None:
    for number in range(5):
        await client.chat_postMessage(channel=ana.id, text=str(number))

    with pytest.raises(SlackApiError) as raised:
        await client.chat_postMessage(channel=ana.id, text="5")
    assert raised.value.response.status_code == 429
    assert raised.value.response["error"] == "ratelimited"
    retry_after_seconds = int(raised.value.response.headers["Retry-After"])

    await client.chat_postMessage(channel=bob.id, text="another channel")
    slack.clock.advance(retry_after_seconds)
    await client.chat_postMessage(channel=ana.id, text="5")
    assert [message.visible_text for message in ana.messages] == ["0", "1", "2", "3", "4", "5"]


async def test_tier_two_accepts_20_calls_a_minute(slack: Workspace, client: AsyncWebClient) -> None:
    for _ in range(20):
        await client.users_list()

    with pytest.raises(SlackApiError) as raised:
        await client.users_list()
    assert 55 <= int(raised.value.response.headers["Retry-After"]) <= 60

    slack.clock.advance(60)
    assert (await client.users_list())["ok"]


async def test_rate_limits_can_be_disabled(slack: Workspace, client: AsyncWebClient) -> None:
    slack.has_rate_limits = False

    answers = [await client.users_list() for _ in range(25)]

    assert all(answer["ok"] for answer in answers)


async def test_oauth_code_is_exchanged_once_for_the_bot_token(
    slack: Workspace, http: aiohttp.ClientSession
) -> None:
    credentials = slack.state.credentials
    code = credentials.new_oauth_code()

    async def exchange_code(client_id: str, client_secret: str) -> Json:
        basic = base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()
        headers = {"Authorization": f"Basic {basic}"}
        url = slack.api_url + "oauth.v2.access"
        async with http.post(url, data={"code": code}, headers=headers) as answer:
            body: Json = await answer.json()
            return body

    client_id, client_secret = credentials.client_id, credentials.client_secret
    assert (await exchange_code("1.2", "x"))["error"] == "invalid_client_id"
    assert (await exchange_code(client_id, "x"))["error"] == "bad_client_secret"
    answer = await exchange_code(client_id, client_secret)
    assert answer["access_token"] == slack.bot_token
    assert (await exchange_code(client_id, client_secret))["error"] == "invalid_code"
