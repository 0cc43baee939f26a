"""Tickets over the API: visibility, search, idempotent opening, transitions and the audit log."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from models.access.api_token import Scope
from models.people.member import Role
from models.tickets.actions import Verb
from models.tickets.ticket import Status, Ticket
from models.triage.result import Engine, Priority, Triage
from tests.bot.api.conftest import ApiClient

TRIAGE = Triage(
    category="Network", priority=Priority.NORMAL, summary="VPN", engine=Engine.BUILTIN, confidence=1
)
NONE = (
    "There is no such ticket, or you cannot see it. Check the ticket number. If you lost a role by "
    "mistake, ask an admin."
)


async def ticket_in_status(
    api: ApiClient, ticket: Ticket, status: Status, *, assignee: str
) -> Ticket:
    """The ticket, triaged and offered to this person, in this status."""
    await api.services.ticket_service.move(ticket.id, Verb.TRIAGE, actor=None, triage=TRIAGE)
    offer: dict[str, Any] = {"assignee": assignee, "offered_to": assignee, "offers": 1}
    offered = await api.services.ticket_service.move(ticket.id, Verb.OFFER, actor=None, **offer)
    changed = offered.model_copy(update={"status": status})
    stored = await api.services.tickets.compare_and_set(offered, changed)
    assert stored
    return stored


@pytest.mark.fault("F86")
async def test_an_invisible_ticket_is_answered_404(api: ApiClient) -> None:
    _, bob = await api.create_member_with_token("UBOB", Role.MODERATOR)
    _, trusted = await api.create_member_with_token("UTRUSTED", Role.MODERATOR, trusted=True)
    _, eva = await api.create_member_with_token("UEVA", Role.USER)
    secret = await api.open_ticket("UADA", "A secret about zebras", confidential=True)
    unknown = await api.call("GET", "/tickets/T-999999999", token=eva)

    responses = [await api.call("GET", f"/tickets/{secret.id}", token=who) for who in (bob, eva)]
    found = [
        [
            one["id"]
            for one in (await api.call("GET", "/tickets?q=zebras", token=who)).body["tickets"]
        ]
        for who in (bob, eva, trusted)
    ]

    assert [(one.status, one.body) for one in responses] == [(404, unknown.body)] * 2
    assert found == [[], [], [secret.id]]
    assert (await api.call("GET", f"/tickets/{secret.id}", token=trusted)).status == 200


async def test_pages_list_each_ticket_once_newest_first(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UPAGE", Role.USER)
    opened = [(await api.open_ticket("UPAGE", f"Page {n}")).id for n in range(25)]

    seen: list[str] = []
    cursor = ""
    while cursor is not None:
        path = f"/tickets?limit=10{f'&cursor={cursor}' if cursor else ''}"
        page = (await api.call("GET", path, token=token)).body
        seen += [ticket["id"] for ticket in page["tickets"]]
        cursor = page["next"]

    assert seen == opened[::-1]


async def test_filters_find_only_visible_tickets(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("USEEKS", Role.MODERATOR)
    assigned = await ticket_in_status(
        api, await api.open_ticket("UASKS"), Status.CLAIMED, assignee="USEEKS"
    )
    new = await api.open_ticket("UASKS", "Another")
    secret = await api.open_ticket("UASKS", "A secret", confidential=True)
    await ticket_in_status(api, secret, Status.CLAIMED, assignee="UBOB")

    async def found(query: str) -> list[str]:
        response = await api.call("GET", f"/tickets?{query}", token=token)
        return [ticket["id"] for ticket in response.body["tickets"]]

    assert await found("requester=UASKS") == [new.id, assigned.id]
    assert await found("assignee=USEEKS&requester=UASKS") == [assigned.id]
    assert await found("requester=UASKS&category=Network&priority=normal") == [assigned.id]
    assert await found("requester=UASKS&priority=urgent") == []
    assert await found("requester=UASKS&category=network.*") == []
    assert await found("assignee=UBOB&requester=UASKS") == []


@pytest.mark.fault("F87")
@pytest.mark.parametrize("query", ['{"$gt": ""}', "$where", "(a+)+$", "[", "\\", "%00", "a" * 200])
async def test_patterns_and_operators_are_plain_search_terms(api: ApiClient, query: str) -> None:
    _, token = await api.create_member_with_token("UWORDS", Role.USER)
    await api.open_ticket("UWORDS", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!")

    response = await api.call("GET", f"/tickets?q={query.replace('%', '%25')}", token=token)

    assert response.status == 200
    assert all("number" in one["title"] for one in response.body["tickets"]) or not query.strip(
        "\\["
    )


async def test_terms_and_status_find_tickets(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UFIND", Role.USER)
    printer = await api.open_ticket("UFIND", "The Printer jams", description="since Monday")
    await api.open_ticket("UFIND", "VPN is down")

    async def found(query: str) -> list[str]:
        response = await api.call("GET", f"/tickets?{query}", token=token)
        return [ticket["id"] for ticket in response.body["tickets"]]

    assert await found("q=monday%20PRINTER") == [printer.id]
    assert await found("q=printer%20vpn") == []
    assert len(await found("status=new")) == 2
    assert await found("status=resolved") == []


async def test_an_idempotency_key_opens_one_ticket(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UKEY", Role.USER)
    key = {"Idempotency-Key": "monday-1"}
    body = {"title": "VPN is down", "urgency": "blocked"}

    responses = await asyncio.gather(
        *(api.call("POST", "/tickets", token=token, headers=key, json=body) for _ in range(5))
    )
    assert {response.status for response in responses} == {201}
    [number] = {response.body["id"] for response in responses}
    assert responses[0].headers["Location"] == f"/api/v1/tickets/{number}"

    await api.services.ticket_service.move(number, Verb.TRIAGE, actor=None, triage=TRIAGE)
    other = {"title": "VPN is up"}
    [entry] = [one for one in await api.services.audit_log.entries("T1") if one.to == number]
    assert (entry.what, entry.before, entry.after["status"]) == ("opened ticket", {}, "new")
    refused = await api.call("POST", "/tickets", token=token, headers=key, json=other)
    assert (refused.status, number in refused.body["detail"]) == (409, True)
    assert (await api.call("POST", "/tickets", token=token, json=body)).status == 422


@pytest.mark.parametrize(
    "body",
    [{}, {"title": ""}, {"title": "!"}, {"title": "x" * 151}, {"title": "x", "status": "resolved"}],
)
async def test_an_invalid_ticket_is_refused_with_its_field(api: ApiClient, body: Any) -> None:
    _, token = await api.create_member_with_token("UBAD", Role.USER)

    response = await api.call(
        "POST", "/tickets", token=token, headers={"Idempotency-Key": "x"}, json=body
    )

    assert response.status == 422
    assert response.headers["Content-Type"] == "application/problem+json"
    assert any("title" in field or "status" in field for field in response.body["errors"])


async def test_a_claim_of_an_older_state_is_refused(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UMATCH", Role.MODERATOR)
    ticket = await ticket_in_status(
        api, await api.open_ticket("UADA"), Status.OFFERED, assignee="UMATCH"
    )
    seen = (await api.call("GET", f"/tickets/{ticket.id}", token=token)).headers["ETag"]
    path = f"/tickets/{ticket.id}"

    stale = await api.call("POST", f"{path}/claim", token=token, headers={"If-Match": '"0"'})
    claimed = await api.call("POST", f"{path}/claim", token=token, headers={"If-Match": seen})
    repeated = await api.call("POST", f"{path}/claim", token=token)

    assert (stale.status, claimed.status, repeated.status) == (412, 200, 409)
    assert "already have" in repeated.body["detail"]
    [entry, *_] = await api.services.audit_log.entries("T1")
    assert (entry.who, entry.what, entry.to, entry.via[:6]) == (
        "UMATCH",
        "claimed",
        ticket.id,
        "token ",
    )
    assert (entry.before, entry.after) == ({"status": "offered"}, {"status": "claimed"})


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "watch"), ("POST", "unwatch"), ("PUT", "watchers/U2"), ("DELETE", "watchers/U2")],
)
async def test_sharing_an_older_state_is_refused(api: ApiClient, method: str, path: str) -> None:
    _, token = await api.create_member_with_token("USHARES", Role.MODERATOR)
    await api.create_member_with_token("U2", Role.MODERATOR)
    ticket = await ticket_in_status(
        api, await api.open_ticket("UADA"), Status.CLAIMED, assignee="USHARES"
    )
    url = f"/tickets/{ticket.id}/{path}"

    stale = await api.call(method, url, token=token, headers={"If-Match": '"0"'})
    assert (stale.status, (await api.services.tickets.get_ticket(ticket.id))[0].watchers) == (
        412,
        (),
    )

    seen = {"If-Match": f'"{ticket.state_version}"'}
    assert (await api.call(method, url, token=token, headers=seen)).status == 200


async def test_every_write_is_audited_with_old_and_new_values(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("ULOGGED", Role.MODERATOR)
    await api.create_member_with_token("U2", Role.MODERATOR)
    ticket = await ticket_in_status(
        api, await api.open_ticket("UADA"), Status.OFFERED, assignee="ULOGGED"
    )
    bodies: dict[str, Any] = {"correct": {"category": "access", "priority": "high"}}

    for path in ("correct", "claim", "watchers/U2", "resolve", "reopen"):
        method = "PUT" if "/" in path else "POST"
        url = f"/tickets/{ticket.id}/{path}"
        assert (await api.call(method, url, token=token, json=bodies.get(path))).status == 200, path

    entries = [one for one in await api.services.audit_log.entries("T1") if one.to == ticket.id]
    assert {(one.who, one.via[:6]) for one in entries} == {("ULOGGED", "token ")}
    assert [(one.what, one.before, one.after) for one in entries[::-1]] == [
        (
            "corrected",
            {"category": "Network", "priority": "normal"},
            {"category": "Access", "priority": "high"},
        ),
        ("claimed", {"status": "offered"}, {"status": "claimed"}),
        ("watched", {"watchers": []}, {"watchers": ["U2"]}),
        ("resolved", {"status": "claimed"}, {"status": "resolved"}),
        (
            "reopened",
            {"status": "resolved", "assignee": "ULOGGED"},
            {"status": "triaged", "assignee": None},
        ),
    ]


async def test_only_the_status_of_a_confidential_ticket_is_audited(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UQUIET", Role.MODERATOR)
    secret = await api.open_ticket("UADA", "A secret about zebras", confidential=True)
    ticket = await ticket_in_status(api, secret, Status.OFFERED, assignee="UQUIET")

    for path in ("correct", "claim", "release"):
        body = {"category": "access"} if path == "correct" else None
        url = f"/tickets/{ticket.id}/{path}"
        assert (await api.call("POST", url, token=token, json=body)).status == 200

    entries = [one for one in await api.services.audit_log.entries("T1") if one.to == ticket.id]
    assert [(one.what, one.before, one.after) for one in entries[::-1]] == [
        ("corrected", {}, {}),
        ("claimed", {"status": "offered"}, {"status": "claimed"}),
        ("released", {"status": "claimed"}, {"status": "triaged"}),
    ]


async def test_the_read_scope_allows_no_write(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UREAD", Role.MODERATOR, Scope.READ)
    ticket = await ticket_in_status(
        api, await api.open_ticket("UADA"), Status.OFFERED, assignee="UREAD"
    )

    assert (await api.call("GET", f"/tickets/{ticket.id}", token=token)).status == 200
    refused = await api.call("POST", f"/tickets/{ticket.id}/claim", token=token)
    assert (refused.status, "tickets:write" in refused.body["detail"]) == (403, True)
    assert (await api.call("GET", "/audit", token=token)).status == 403


async def test_times_have_a_time_zone(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UTIME", Role.USER)
    ticket = await api.open_ticket("UTIME")

    opened_at = (await api.call("GET", f"/tickets/{ticket.id}", token=token)).body["opened_at"]

    assert datetime.fromisoformat(opened_at).astimezone(UTC).tzinfo is UTC
    assert opened_at.endswith("Z")
