"""Tickets over the API: seen, found, opened once, and moved on by who may."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from models.access.api_token import Scope
from models.people.member import Role
from models.tickets.ticket import Status, Ticket
from models.tickets.workflow import Move
from models.triage.result import Engine, Priority, Triage
from tests.bot.api.conftest import ApiClient

TRIAGE = Triage(
    category="Network", priority=Priority.NORMAL, summary="VPN", engine=Engine.BUILTIN, confidence=1
)
NONE = "There is no such ticket, or you cannot see it. Check the ticket number."


async def ticket_in_status(
    api: ApiClient, ticket: Ticket, status: Status, *, assignee: str
) -> Ticket:
    """The ticket brought so far by the desk, with somebody."""
    await api.service.move(ticket.id, Move.TRIAGE, actor=None, triage=TRIAGE)
    offer: dict[str, Any] = {"assignee": assignee, "offered_to": assignee, "offers": 1}
    moved = await api.service.move(ticket.id, Move.OFFER, actor=None, **offer)
    changed = moved.model_copy(update={"status": status})
    stored = await api.service.tickets.compare_and_set(moved, changed)
    assert stored
    return stored


@pytest.mark.fault("F86")
async def test_what_one_may_not_see_is_not_there(api: ApiClient) -> None:
    _, bob = await api.create_member_with_token("UBOB", Role.MODERATOR)
    _, trusted = await api.create_member_with_token("UTRUSTED", Role.MODERATOR, trusted=True)
    _, eva = await api.create_member_with_token("UEVA", Role.USER)
    secret = await api.open_ticket("UADA", "A secret about zebras", confidential=True)
    unknown = await api.call("GET", "/tickets/T-999999999", token=eva)

    hidden = [await api.call("GET", f"/tickets/{secret.id}", token=who) for who in (bob, eva)]
    found = [
        [
            one["id"]
            for one in (await api.call("GET", "/tickets?q=zebras", token=who)).body["tickets"]
        ]
        for who in (bob, eva, trusted)
    ]

    assert [(one.status, one.body) for one in hidden] == [(404, unknown.body)] * 2
    assert found == [[], [], [secret.id]]
    assert (await api.call("GET", f"/tickets/{secret.id}", token=trusted)).status == 200


async def test_pages_hold_each_ticket_once_the_newest_first(api: ApiClient) -> None:
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


async def test_what_is_known_of_tickets_finds_those_one_may_see(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("USEEKS", Role.MODERATOR)
    assigned = await ticket_in_status(
        api, await api.open_ticket("UASKS"), Status.CLAIMED, assignee="USEEKS"
    )
    new = await api.open_ticket("UASKS", "Another")
    secret = await api.open_ticket("UASKS", "A secret", confidential=True)
    await ticket_in_status(api, secret, Status.CLAIMED, assignee="UBOB")

    async def found(query: str) -> list[str]:
        answer = await api.call("GET", f"/tickets?{query}", token=token)
        return [ticket["id"] for ticket in answer.body["tickets"]]

    assert await found("requester=UASKS") == [new.id, assigned.id]
    assert await found("assignee=USEEKS&requester=UASKS") == [assigned.id]
    assert await found("requester=UASKS&category=Network&priority=normal") == [assigned.id]
    assert await found("requester=UASKS&priority=urgent") == []
    assert await found("requester=UASKS&category=network.*") == []
    assert await found("assignee=UBOB&requester=UASKS") == []


@pytest.mark.fault("F87")
@pytest.mark.parametrize("words", ['{"$gt": ""}', "$where", "(a+)+$", "[", "\\", "%00", "a" * 200])
async def test_patterns_and_operators_are_words(api: ApiClient, words: str) -> None:
    _, token = await api.create_member_with_token("UWORDS", Role.USER)
    await api.open_ticket("UWORDS", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!")

    answer = await api.call("GET", f"/tickets?q={words.replace('%', '%25')}", token=token)

    assert answer.status == 200
    assert all("number" in one["title"] for one in answer.body["tickets"]) or not words.strip("\\[")


async def test_words_and_status_find_tickets(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UFIND", Role.USER)
    printer = await api.open_ticket("UFIND", "The Printer jams", description="since Monday")
    await api.open_ticket("UFIND", "VPN is down")

    async def found(query: str) -> list[str]:
        answer = await api.call("GET", f"/tickets?{query}", token=token)
        return [ticket["id"] for ticket in answer.body["tickets"]]

    assert await found("q=monday%20PRINTER") == [printer.id]
    assert await found("q=printer%20vpn") == []
    assert len(await found("status=new")) == 2
    assert await found("status=resolved") == []


async def test_a_key_opens_one_ticket_however_often_it_is_sent(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UKEY", Role.USER)
    key = {"Idempotency-Key": "monday-1"}
    wanted = {"title": "VPN is down", "urgency": "blocked"}

    answers = await asyncio.gather(
        *(api.call("POST", "/tickets", token=token, headers=key, json=wanted) for _ in range(5))
    )
    assert {answer.status for answer in answers} == {201}
    [number] = {answer.body["id"] for answer in answers}
    assert answers[0].headers["Location"] == f"/api/v1/tickets/{number}"

    await api.service.move(number, Move.TRIAGE, actor=None, triage=TRIAGE)
    other = {"title": "VPN is up"}
    [act] = [one for one in await api.service.audit_log.entries("T1") if one.to == number]
    assert (act.what, act.before, act.after["status"]) == ("opened ticket", {}, "new")
    refused = await api.call("POST", "/tickets", token=token, headers=key, json=other)
    assert (refused.status, number in refused.body["detail"]) == (409, True)
    assert (await api.call("POST", "/tickets", token=token, json=wanted)).status == 422


@pytest.mark.parametrize(
    "wanted",
    [{}, {"title": ""}, {"title": "!"}, {"title": "x" * 151}, {"title": "x", "status": "resolved"}],
)
async def test_what_is_no_ticket_is_refused_at_its_field(api: ApiClient, wanted: Any) -> None:
    _, token = await api.create_member_with_token("UBAD", Role.USER)

    answer = await api.call(
        "POST", "/tickets", token=token, headers={"Idempotency-Key": "x"}, json=wanted
    )

    assert answer.status == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert any("title" in field or "status" in field for field in answer.body["errors"])


async def test_who_has_seen_an_older_state_changes_nothing(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UMATCH", Role.MODERATOR)
    ticket = await ticket_in_status(
        api, await api.open_ticket("UADA"), Status.OFFERED, assignee="UMATCH"
    )
    seen = (await api.call("GET", f"/tickets/{ticket.id}", token=token)).headers["ETag"]
    path = f"/tickets/{ticket.id}"

    late = await api.call("POST", f"{path}/claim", token=token, headers={"If-Match": '"0"'})
    claimed = await api.call("POST", f"{path}/claim", token=token, headers={"If-Match": seen})
    again = await api.call("POST", f"{path}/claim", token=token)

    assert (late.status, claimed.status, again.status) == (412, 200, 409)
    assert "already have" in again.body["detail"]
    [act, *_] = await api.service.audit_log.entries("T1")
    assert (act.who, act.what, act.to, act.via[:6]) == ("UMATCH", "claimed", ticket.id, "token ")
    assert (act.before, act.after) == ({"status": "offered"}, {"status": "claimed"})


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "watch"), ("POST", "unwatch"), ("PUT", "watchers/U2"), ("DELETE", "watchers/U2")],
)
async def test_who_has_seen_an_older_state_shares_nothing(
    api: ApiClient, method: str, path: str
) -> None:
    _, token = await api.create_member_with_token("USHARES", Role.MODERATOR)
    await api.create_member_with_token("U2", Role.MODERATOR)
    ticket = await ticket_in_status(
        api, await api.open_ticket("UADA"), Status.CLAIMED, assignee="USHARES"
    )
    url = f"/tickets/{ticket.id}/{path}"

    stale = await api.call(method, url, token=token, headers={"If-Match": '"0"'})
    assert (stale.status, (await api.service.tickets.get_ticket(ticket.id))[0].watchers) == (
        412,
        (),
    )

    seen = {"If-Match": f'"{ticket.version}"'}
    assert (await api.call(method, url, token=token, headers=seen)).status == 200


async def test_every_write_by_a_token_is_in_the_log_with_what_was_and_is(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("ULOGGED", Role.MODERATOR)
    await api.create_member_with_token("U2", Role.MODERATOR)
    ticket = await ticket_in_status(
        api, await api.open_ticket("UADA"), Status.OFFERED, assignee="ULOGGED"
    )
    said: dict[str, Any] = {"correct": {"category": "access", "priority": "high"}}

    for path in ("correct", "claim", "watchers/U2", "resolve", "reopen"):
        method = "PUT" if "/" in path else "POST"
        url = f"/tickets/{ticket.id}/{path}"
        assert (await api.call(method, url, token=token, json=said.get(path))).status == 200, path

    acts = [one for one in await api.service.audit_log.entries("T1") if one.to == ticket.id]
    assert {(one.who, one.via[:6]) for one in acts} == {("ULOGGED", "token ")}
    assert [(one.what, one.before, one.after) for one in acts[::-1]] == [
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


async def test_of_a_confidential_ticket_the_log_says_its_status_alone(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UQUIET", Role.MODERATOR)
    secret = await api.open_ticket("UADA", "A secret about zebras", confidential=True)
    ticket = await ticket_in_status(api, secret, Status.OFFERED, assignee="UQUIET")

    for path in ("correct", "claim", "release"):
        said = {"category": "access"} if path == "correct" else None
        url = f"/tickets/{ticket.id}/{path}"
        assert (await api.call("POST", url, token=token, json=said)).status == 200

    acts = [one for one in await api.service.audit_log.entries("T1") if one.to == ticket.id]
    assert [(one.what, one.before, one.after) for one in acts[::-1]] == [
        ("corrected", {}, {}),
        ("claimed", {"status": "offered"}, {"status": "claimed"}),
        ("released", {"status": "claimed"}, {"status": "triaged"}),
    ]


async def test_reading_opens_no_writing(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UREAD", Role.MODERATOR, Scope.READ)
    ticket = await ticket_in_status(
        api, await api.open_ticket("UADA"), Status.OFFERED, assignee="UREAD"
    )

    assert (await api.call("GET", f"/tickets/{ticket.id}", token=token)).status == 200
    refused = await api.call("POST", f"/tickets/{ticket.id}/claim", token=token)
    assert (refused.status, "tickets:write" in refused.body["detail"]) == (403, True)
    assert (await api.call("GET", "/audit", token=token)).status == 403


async def test_times_are_given_with_their_zone(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UTIME", Role.USER)
    ticket = await api.open_ticket("UTIME")

    told = (await api.call("GET", f"/tickets/{ticket.id}", token=token)).body["opened_at"]

    assert datetime.fromisoformat(told).astimezone(UTC).tzinfo is UTC
    assert told.endswith("Z")
