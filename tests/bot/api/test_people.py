"""Members, skills and the audit log over the API."""

import asyncio
from typing import Any

import pytest
from aiohttp import ClientSession

from models.access.api_token import Scope
from models.people.member import Role
from models.tickets.ticket import Status
from sandbox.services.database_servers import DatabaseServers, find_free_port
from tests.bot.api.conftest import ApiClient, serve_api
from tests.bot.api.test_tickets import ticket_in_status
from tests.service_factory import run_services


async def list_people(api: ApiClient, token: str, *, limit: int) -> list[str]:
    """The Slack ids on all pages."""
    ids: list[str] = []
    cursor = ""
    while cursor is not None:
        path = f"/people?limit={limit}&cursor={cursor}"
        page = (await api.call("GET", path, token=token)).body
        assert len(page["people"]) <= limit
        ids += [one["slack_id"] for one in page["people"]]
        cursor = page["next"]
    return ids


async def test_pages_list_each_of_a_thousand_people_once(servers: DatabaseServers) -> None:
    async with (
        run_services(servers, port=find_free_port()) as services,
        ClientSession() as http,
        serve_api(services, http) as api,
    ):
        await services.database.members.insert_many(
            [
                {"_id": f"{team}:U{n:04}", "team_id": team, "slack_id": f"U{n:04}", "role": role}
                for team in ("T1", "T10", "T2")
                for n, role in enumerate(["user"] * 999 + ["moderator"])
            ]
        )
        _, admin = await api.create_member_with_token("UADMIN", Role.ADMIN)
        _, moderator = await api.create_member_with_token("UMOD", Role.MODERATOR)
        _, narrow = await api.create_member_with_token("UADMIN", Role.ADMIN, Scope.READ)
        _, user = await api.create_member_with_token("U0000", Role.USER)

        ids = await list_people(api, admin, limit=200)

        assert ids == sorted(ids)
        assert ids == [*(f"U{n:04}" for n in range(1000)), "UADMIN", "UMOD"]
        for token in (moderator, narrow):
            assert await list_people(api, token, limit=2) == ["U0999", "UADMIN", "UMOD"]
        assert (await api.call("GET", "/people", token=user)).status == 403


async def test_an_admin_changes_a_person_and_it_is_audited(api: ApiClient) -> None:
    admin, token = await api.create_member_with_token("UBOSS", Role.ADMIN)
    await api.create_member_with_token("UHIRED", Role.USER, skills=[], trusted=False)
    path = "/people/UHIRED"
    seen = await api.call("GET", path, token=token)
    changes = {
        "role": "moderator",
        "skills": ["VPN", "openvpn", "okta"],
        "trusted": True,
        "capacity": 3,
        "away_until": "2026-12-24T12:00:00+01:00",
    }

    response = await api.call("PATCH", path, token=token, json=changes)

    assert response.status == 200
    received = {name: response.body[name] for name in changes}
    away_until = "2026-12-24T11:00:00Z"
    assert received == changes | {"skills": ["vpn", "okta"], "away_until": away_until}
    assert response.headers["ETag"] != seen.headers["ETag"]
    assert (await api.call("GET", path, token=token)).body == response.body
    unchanged = await api.call("PATCH", path, token=token, json={})
    assert (unchanged.body, unchanged.headers["ETag"]) == (response.body, response.headers["ETag"])
    cleared = await api.call(
        "PATCH", path, token=token, json={"capacity": None, "away_until": None}
    )
    values = (
        cleared.body["role"],
        cleared.body["trusted"],
        cleared.body["capacity"],
        cleared.body["away_until"],
    )
    assert values == ("moderator", True, None, None)
    clear_entry, set_entry = [
        one for one in await api.services.audit_log.entries("T1") if one.to == "UHIRED"
    ]
    assert (set_entry.who, set_entry.what, set_entry.via[:6]) == (
        admin.slack_id,
        "set role",
        "token ",
    )
    assert (set_entry.before["role"], set_entry.after["role"]) == ("user", "moderator")
    assert (clear_entry.before["capacity"], clear_entry.after["capacity"]) == (3, None)


async def test_a_change_of_an_older_state_is_refused(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UBOSS", Role.ADMIN)
    await api.create_member_with_token("USEEN", Role.USER, skills=[])
    path = "/people/USEEN"
    seen = {"If-Match": (await api.call("GET", path, token=token)).headers["ETag"]}

    responses = [
        await api.call("PATCH", path, token=token, headers=seen, json={"skills": [skill]})
        for skill in ("vpn", "okta")
    ]

    assert [one.status for one in responses] == [200, 412]
    assert (await api.services.members.get_or_create_member("T1", "USEEN")).skills == ("vpn",)


async def test_one_of_several_concurrent_changes_is_stored(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UBOSS", Role.ADMIN)
    await api.create_member_with_token("UPULLED", Role.USER, skills=[])
    path = "/people/UPULLED"
    seen = {"If-Match": (await api.call("GET", path, token=token)).headers["ETag"]}
    changes: list[dict[str, Any]] = [{"skills": ["vpn"]}, {"skills": ["okta"]}, {"capacity": 4}]

    responses = await asyncio.gather(
        *(api.call("PATCH", path, token=token, headers=seen, json=one) for one in changes)
    )

    assert [one.status for one in responses].count(200) == 1
    assert {one.status for one in responses} <= {200, 409, 412}


async def test_a_demoted_moderator_keeps_no_ticket(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UBOSS", Role.ADMIN)
    await api.create_member_with_token("ULEAVES", Role.MODERATOR)
    ticket = await ticket_in_status(
        api, await api.open_ticket("UADA"), Status.CLAIMED, assignee="ULEAVES"
    )

    await api.call("PATCH", "/people/ULEAVES", token=token, json={"role": "user"})

    after, _ = await api.services.tickets.get_ticket(ticket.id)
    assert (after.status, after.assignee) == (Status.TRIAGED, None)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"role": "owner"}, "role"),
        ({"role": {"$ne": "user"}}, "role"),
        ({"role": None}, "role"),
        ({"skills": ["no such skill"]}, "skills"),
        ({"skills": "vpn"}, "skills"),
        ({"trusted": "yes"}, "trusted"),
        ({"capacity": -1}, "capacity"),
        ({"capacity": 1.5}, "capacity"),
        ({"away_until": "2026-12-24T12:00:00"}, "away_until"),
        ({"away_until": 0}, "away_until"),
        ({"active": False}, "active"),
    ],
)
async def test_an_invalid_value_is_refused_with_its_field(
    api: ApiClient, changes: dict[str, Any], field: str
) -> None:
    _, token = await api.create_member_with_token("UBOSS", Role.ADMIN)
    before, _ = await api.create_member_with_token("USTAYS", Role.USER)

    response = await api.call("PATCH", "/people/USTAYS", token=token, json=changes)

    assert response.status == 422
    assert any(field in name for name in response.body["errors"])
    assert await api.services.members.get_or_create_member("T1", "USTAYS") == before


async def test_a_role_that_a_guest_cannot_have_is_a_conflict(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UBOSS", Role.ADMIN)
    await api.create_member_with_token("UGUEST", Role.USER, guest=True)

    response = await api.call("PATCH", "/people/UGUEST", token=token, json={"role": "moderator"})

    assert (response.status, "can only be users" in response.body["detail"]) == (409, True)
    assert (await api.services.members.get_or_create_member("T1", "UGUEST")).role is Role.USER


@pytest.mark.parametrize("role", [Role.USER, Role.MODERATOR])
async def test_only_an_admin_changes_people(api: ApiClient, role: Role) -> None:
    _, token = await api.create_member_with_token("UHIGHER", role)

    changed = await api.call("PATCH", "/people/UHIGHER", token=token, json={"role": "admin"})

    assert changed.status == 403
    assert (await api.call("GET", "/people/UHIGHER", token=token)).status == 403
    assert (await api.services.members.get_or_create_member("T1", "UHIGHER")).role is role


async def test_an_unknown_person_is_not_created(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UBOSS", Role.ADMIN)

    for method in ("GET", "PATCH"):
        response = await api.call(method, "/people/UNOBODY", token=token, json={"role": "user"})
        assert response.status == 404
    assert await api.services.members.find_member("T1", "UNOBODY") is None


async def test_skills_are_listed_with_their_synonyms(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UASKS", Role.USER)

    skills = (await api.call("GET", "/skills", token=token)).body

    assert "openvpn" in next(one["aliases"] for one in skills if one["name"] == "vpn")


async def test_pages_list_the_whole_audit_log(servers: DatabaseServers) -> None:
    async with (
        run_services(servers, port=find_free_port()) as services,
        ClientSession() as http,
        serve_api(services, http) as api,
    ):
        boss, token = await api.create_member_with_token("UBOSS", Role.ADMIN)
        stranger = boss.model_copy(update={"team_id": "T2"})
        for by in (boss, stranger):
            await asyncio.gather(
                *(services.audit_log.record(by, f"act {n}", "x") for n in range(25))
            )

        verbs: list[str] = []
        cursor, pages = "", 0
        while cursor is not None:
            page = await api.call("GET", f"/audit?limit=10&cursor={cursor}", token=token)
            verbs += [act["what"] for act in page.body["acts"]]
            cursor, pages = page.body["next"], pages + 1

        assert (len(verbs), pages) == (25, 3)
        assert sorted(verbs) == sorted(f"act {n}" for n in range(25))
