"""Authentication of API calls: invalid tokens, revocation, scopes, rate and size limits."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from models.access.api_token import Scope
from models.people.member import Role
from tests.bot.api.conftest import ApiClient
from tests.models.access.test_jwt import INVALID_TOKENS


@pytest.mark.fault("F84")
@pytest.mark.parametrize("case", INVALID_TOKENS)
async def test_every_invalid_token_gets_the_same_answer(api: ApiClient, case: str) -> None:
    anonymous = await api.call("GET", "/me")
    response = await api.call("GET", "/me", token=INVALID_TOKENS[case] or "x")

    assert (response.status, response.body) == (401, anonymous.body)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert "/ticket token" in response.body["detail"]


@pytest.mark.fault("F84", "F85")
async def test_a_token_ends_with_its_revocation_or_its_owner(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UGONE", Role.ADMIN)
    _, other = await api.create_member_with_token("UGONE", Role.ADMIN)
    anonymous = await api.call("GET", "/me")
    me = (await api.call("GET", "/me", token=token)).body
    assert (me["person"]["role"], me["scopes"]) == (
        "admin",
        ["admin", "tickets:read", "tickets:write"],
    )

    token_id = (await api.services.api_tokens.authenticate(other)).token_id

    assert token_id in {issued["id"] for issued in me["tokens"]}
    revoked = await api.call("DELETE", f"/me/tokens/{token_id}", token=other)
    assert (revoked.status, revoked.body["id"]) == (200, token_id)
    gone = await api.call("GET", "/me", token=other)
    assert (gone.status, gone.body) == (401, anonymous.body)

    await api.services.members.update_member("T1", "UGONE", active=False)
    gone = await api.call("GET", "/me", token=token)
    assert (gone.status, gone.body) == (401, anonymous.body)


async def test_only_the_admin_scope_revokes_tokens_of_others(api: ApiClient) -> None:
    _, narrow = await api.create_member_with_token("UCHIEF", Role.ADMIN, Scope.WRITE)
    _, wide = await api.create_member_with_token("UCHIEF", Role.ADMIN)
    owner, token = await api.create_member_with_token("UOWNER", Role.USER, Scope.READ)
    assert (await api.call("GET", "/people/UOWNER/tokens", token=narrow)).status == 403
    [record] = (await api.call("GET", "/people/UOWNER/tokens", token=wide)).body
    path = f"/me/tokens/{record['id']}"
    unknown = await api.call("DELETE", f"/me/tokens/{'0' * 32}", token=narrow)

    refused = await api.call("DELETE", path, token=narrow)
    assert (refused.status, refused.body) == (404, unknown.body)
    assert (await api.call("GET", "/me", token=token)).status == 200

    assert (await api.call("DELETE", path, token=wide)).status == 200
    assert (await api.call("GET", "/me", token=token)).status == 401
    assert (await api.call("GET", "/people/UOWNER/tokens", token=wide)).body == []
    [entry] = [
        one for one in await api.services.audit_log.entries("T1") if one.to == owner.slack_id
    ]
    assert (entry.who, entry.what, entry.via[:6]) == ("UCHIEF", "revoked token", "token ")
    assert entry.before == {"name": "test", "scopes": ["tickets:read"]}


@pytest.mark.fault("F84")
async def test_a_token_of_another_workspace_is_refused(api: ApiClient) -> None:
    anonymous = await api.call("GET", "/me")
    stranger = await api.services.members.set_role("T2", "USTRANGER", role=Role.ADMIN)
    token, _ = await api.services.api_tokens.issue_token(
        stranger, name="x", scopes=tuple(Scope), lifetime=timedelta(hours=1)
    )

    for path in ("/me", "/audit", "/tickets"):
        response = await api.call("GET", path, token=token)
        assert (response.status, response.body) == (401, anonymous.body)


@pytest.mark.fault("F85")
async def test_a_demoted_admin_loses_scopes_at_the_next_call(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UDEMOTED", Role.ADMIN)
    assert (await api.call("GET", "/audit", token=token)).status == 200
    assert (await api.call("GET", "/people", token=token)).status == 200

    await api.services.members.set_role("T1", "UDEMOTED", role=Role.USER)

    assert (await api.call("GET", "/audit", token=token)).status == 403
    assert (await api.call("GET", "/people", token=token)).status == 403
    assert (await api.call("GET", "/skills", token=token)).status == 200


@pytest.mark.fault("F89")
async def test_too_many_calls_are_answered_429_with_retry_after(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UOFTEN", Role.USER)
    _, other = await api.create_member_with_token("UCALM", Role.USER)

    token_id = (await api.services.api_tokens.authenticate(token)).token_id
    waits = [
        await api.services.outbound_calls.api_rate_limit.retry_after_seconds(token_id)
        for _ in range(239)
    ]
    assert not any(waits)
    assert (await api.call("GET", "/skills", token=token)).status == 200
    refused = await api.call("GET", "/skills", token=token)

    assert refused.status == 429
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert (await api.call("GET", "/skills", token=other)).status == 200


async def test_an_unknown_path_is_answered_with_a_problem(api: ApiClient) -> None:
    for path in ("/nothing", "/tickets/a%0Ab"):
        response = await api.call("GET", path)

        assert (response.status, response.headers["Content-Type"]) == (
            404,
            "application/problem+json",
        )


async def test_a_request_that_is_too_large_is_not_read(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("ULARGE", Role.USER)

    response = await api.call("POST", "/tickets", token=token, json={"title": "x" * 200_000})

    assert response.status == 413


@pytest.mark.fault("F89")
async def test_a_body_without_a_length_is_not_read_without_end(api: ApiClient) -> None:
    sent = 0

    async def send_endless_body() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 1000:
            sent += 1
            yield b"x" * 100_000

    headers = {"Content-Type": "application/json"}
    url = f"{api.url}/api/v1/tickets"
    async with api.http.post(url, data=send_endless_body(), headers=headers) as response:
        status, body = response.status, await response.json()

    assert (status, body["status"]) == (413, 413)
    assert sent < 1000
