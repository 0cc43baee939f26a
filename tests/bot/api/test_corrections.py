"""Corrections over the API: by who may, of what they have seen, in the desk's own words."""

from typing import Any

import pytest

from models.clock import utc_now
from models.people.member import Role
from models.tickets.ticket import Status, Ticket
from models.tickets.workflow import Move
from tests.bot.api.conftest import ApiClient
from tests.sample_tickets import make_triage


async def offered(api: ApiClient, to: str) -> Ticket:
    """A ticket of Ada's that is offered to somebody."""
    ticket = await api.open_ticket("UADA")
    await api.service.move(ticket.id, Move.TRIAGE, actor=None, triage=make_triage("vpn"))
    return await api.service.move(ticket.id, Move.OFFER, actor=None, assignee=to, offers=1)


async def test_a_correction_is_of_what_was_seen(api: ApiClient) -> None:
    _, token = await api.create_member_with_token("UCORRECTS", Role.MODERATOR)
    ticket = await offered(api, "UOTHER")
    path = f"/tickets/{ticket.id}/correct"
    right = {"category": "access", "priority": "high", "skills": ["Okta"]}

    async def sent(etag: str) -> Any:
        return await api.call("POST", path, token=token, headers={"If-Match": etag}, json=right)

    late, done, again = await sent('"1"'), await sent(f'"{ticket.version}"'), await sent('"2"')

    assert (late.status, done.status, again.status) == (412, 200, 412)
    body = done.body
    assert (body["category"], body["priority"], body["skills"]) == ("Access", "high", ["okta"])
    assert (body["status"], body["assignee"]) == (Status.OFFERED, "UOTHER")
    assert body["history"][-1]["why"].startswith("category: Network → Access")
    [act, *_] = await api.service.audit_log.entries("T1")
    assert (act.who, act.what, act.to) == ("UCORRECTS", "corrected", ticket.id)


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"category": "Astrology"}, "category"),
        ({"skills": ["mind reading"]}, "skills"),
        ({"priority": "panic"}, "priority"),
        ({"assignee": "UME"}, "assignee"),
    ],
)
async def test_what_the_desk_does_not_have_is_refused_at_its_field(
    api: ApiClient, wrong: Any, field: str
) -> None:
    _, token = await api.create_member_with_token("UWRONG", Role.MODERATOR)
    ticket = await offered(api, "UOTHER")

    answer = await api.call("POST", f"/tickets/{ticket.id}/correct", token=token, json=wrong)

    assert answer.status == 422
    assert any(field in name for name in answer.body["errors"])
    assert (await api.service.tickets.get_ticket(ticket.id))[0].version == ticket.version


async def test_how_often_triage_was_right_is_for_admins(api: ApiClient) -> None:
    _, bobs = await api.create_member_with_token("UBOB", Role.MODERATOR)
    _, graces = await api.create_member_with_token("UGRACE", Role.ADMIN)
    lesson = {"category": "Access", "priority": "normal", "skills": [], "at": utc_now()}
    said = {"category": "Network", "priority": "normal", "skills": [], "engine": "builtin"}
    await api.service.database.lessons.insert_one({"team_id": "T1", "said": said, **lesson})

    assert (await api.call("GET", "/triage/accuracy", token=bobs)).status == 403
    answer = await api.call("GET", "/triage/accuracy", token=graces)

    assert answer.status == 200
    assert answer.body["confusions"] == [{"said": "Network", "is": "Access", "tickets": 1}]
    assert [one["overridden"] for one in answer.body["engines"]] == [1]
