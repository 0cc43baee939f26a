"""Damaged documents in every collection: each list of the API still answers."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession

from models.people.member import Role
from sandbox.services.database_servers import DatabaseServers, find_free_port
from tests.bot.api.conftest import ApiClient, serve_api
from tests.service_factory import run_services
from tests.stored_documents import (
    ADMIN,
    store_damaged_copies,
    store_one_document_in_each_collection,
)

TEAM = "T1"


@pytest.fixture(scope="module")
async def api(servers: DatabaseServers) -> AsyncIterator[ApiClient]:
    """The API of a service whose collections have sound and damaged documents."""
    async with (
        run_services(servers, port=find_free_port()) as services,
        ClientSession() as http,
        serve_api(services, http) as api,
    ):
        await store_one_document_in_each_collection(services, TEAM)
        await store_damaged_copies(services)
        yield api


async def test_each_list_answers(api: ApiClient) -> None:
    _, token = await api.create_member_with_token(ADMIN, Role.ADMIN, trusted=True)
    webhook = (await api.services.webhooks.list_webhooks(TEAM))[0]
    async with api.http.get(f"{api.url}/api/openapi.json") as response:
        paths = (await response.json())["paths"]
    routes = [path.removeprefix("/v1") for path, methods in paths.items() if "get" in methods]
    values = {"ticket_id": "T-1", "slack_id": ADMIN, "webhook_id": webhook.id}

    answers = {
        route: await api.call("GET", route.format(**values), token=token) for route in routes
    }

    assert {route: one.status for route, one in answers.items()} == dict.fromkeys(routes, 200)
    assert {
        "/tickets",
        "/events",
        "/people",
        "/audit",
        "/webhooks",
        "/webhooks/{webhook_id}/deliveries",
        "/people/{slack_id}/tokens",
    } <= answers.keys()
    assert [route for route, one in answers.items() if not one.body] == []


async def test_damaged_webhook_is_deleted_by_its_id(api: ApiClient) -> None:
    _, token = await api.create_member_with_token(ADMIN, Role.ADMIN)
    damaged_id = "d" * 32
    await api.services.database.webhooks.insert_one({"_id": damaged_id, "team_id": TEAM})
    path = f"/webhooks/{damaged_id}"

    statuses = [(await api.call("DELETE", path, token=token)).status for _ in range(2)]

    assert statuses == [204, 404]
    assert await api.services.database.webhooks.find_one({"_id": damaged_id}) is None
    [entry, *_] = await api.services.audit_log.entries(TEAM)
    assert (entry.what, entry.to) == ("removed webhook", damaged_id)


async def test_damaged_token_is_not_valid(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UTOKEN", Role.USER)
    await api.services.database.tokens.update_many({"slack_id": "UTOKEN"}, {"$unset": {"name": ""}})

    assert (await api.call("GET", "/me", token=token)).status == 401
