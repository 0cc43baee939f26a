"""Webhooks over the API: adding, listing, replaying, deleting, and the limits."""

import pytest

from models.people.member import Role
from models.webhooks.store import MAX_WEBHOOKS
from tests.bot.api.conftest import ApiClient

URL = "https://example.com/frontdesk"


async def test_an_admin_adds_and_removes_a_webhook(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UHOOK", Role.ADMIN)

    added = await api.call("POST", "/webhooks", token=token, json={"url": URL})
    assert (added.status, len(added.body["secret"]) > 30) == (201, True)
    path = f"/webhooks/{added.body['id']}"
    listed = await api.call("GET", "/webhooks", token=token)
    assert (added.body["id"], URL) in {(one["id"], one["url"]) for one in listed.body}
    assert added.body["secret"] not in str(listed.body)
    assert (await api.call("GET", f"{path}/deliveries", token=token)).body == []
    replay = await api.call("POST", f"{path}/deliveries/none/replay", token=token)
    assert replay.status == 404

    statuses = [(await api.call("DELETE", path, token=token)).status for _ in range(2)]
    assert statuses == [204, 404]
    assert (await api.call("GET", f"{path}/deliveries", token=token)).status == 404
    entries = [
        entry for entry in await api.services.audit_log.entries("T1") if entry.who == "UHOOK"
    ]
    fields = {"url": URL, "events": []}
    assert [(entry.what, entry.before, entry.after) for entry in entries] == [
        ("removed webhook", fields, {}),
        ("added webhook", {}, fields),
    ]


async def test_one_webhook_too_many_is_refused(api: ApiClient) -> None:
    boss, token = await api.create_member_with_token("UMANY", Role.ADMIN)
    hooks = api.services.webhooks
    existing = await hooks.list_webhooks("T1")
    added = [await hooks.add(boss, url=URL) for _ in range(MAX_WEBHOOKS - len(existing))]

    response = await api.call("POST", "/webhooks", token=token, json={"url": URL})

    assert (response.status, str(MAX_WEBHOOKS) in response.body["detail"]) == (409, True)
    for webhook in added:
        await hooks.remove("T1", webhook.id)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "ftp://x",
        "https://me@x.example",
        "https://x*",
        "https://x%41",
        "x",
        "",
    ],
)
async def test_an_unsafe_url_is_refused_with_its_field(api: ApiClient, url: str) -> None:
    _, token = await api.create_member_with_token("UHOOK", Role.ADMIN)

    response = await api.call("POST", "/webhooks", token=token, json={"url": url})

    assert (response.status, list(response.body["errors"])) == (422, ["url"])


async def test_only_admins_list_and_add_webhooks(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UNOHOOK", Role.MODERATOR)

    assert (await api.call("GET", "/webhooks", token=token)).status == 403
    assert (await api.call("POST", "/webhooks", token=token, json={"url": URL})).status == 403
