"""Webhooks are an admin's: added with a secret that is shown once, looked at, removed."""

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
    acts = [act for act in await api.service.audit_log.entries("T1") if act.who == "UHOOK"]
    said = {"url": URL, "events": []}
    assert [(act.what, act.before, act.after) for act in acts] == [
        ("removed webhook", said, {}),
        ("added webhook", {}, said),
    ]


async def test_there_are_no_more_webhooks_than_fit(api: ApiClient) -> None:
    boss, token = await api.create_member_with_token("UMANY", Role.ADMIN)
    hooks = api.service.webhooks
    there_are = await hooks.list_webhooks("T1")
    added = [await hooks.add(boss, url=URL) for _ in range(MAX_WEBHOOKS - len(there_are))]

    answer = await api.call("POST", "/webhooks", token=token, json={"url": URL})

    assert (answer.status, str(MAX_WEBHOOKS) in answer.body["detail"]) == (409, True)
    for one in added:
        await hooks.remove("T1", one.id)


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
async def test_an_address_that_is_not_safe_is_refused_at_its_field(
    api: ApiClient, url: str
) -> None:
    _, token = await api.create_member_with_token("UHOOK", Role.ADMIN)

    answer = await api.call("POST", "/webhooks", token=token, json={"url": url})

    assert (answer.status, list(answer.body["errors"])) == (422, ["url"])


async def test_who_is_no_admin_has_no_webhooks(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UNOHOOK", Role.MODERATOR)

    assert (await api.call("GET", "/webhooks", token=token)).status == 403
    assert (await api.call("POST", "/webhooks", token=token, json={"url": URL})).status == 403
